package sandbox

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// Opened says whether a connection that came in from this machine is one that the user
// opened. The address of a server on the loopback interface is no secret: who else is
// on the machine can find it. Where all programs have the server's user, and u is nil,
// they cannot be told apart, and it says yes.
func (u *User) Opened(c net.Conn) bool {
	if u == nil {
		return true
	}
	from, okFrom := c.RemoteAddr().(*net.TCPAddr)
	to, okTo := c.LocalAddr().(*net.TCPAddr)
	if !okFrom || !okTo {
		return false
	}
	// A socket of IPv6 can speak IPv4 as well, and stands in the other table.
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		if owner, ok := ownerOf(table, endpoint(from), endpoint(to)); ok {
			return owner == u.id
		}
	}
	return false // it is gone already
}

// endpoint is an address as the kernel's tables end it, for IPv4 and for such an address
// within IPv6.
func endpoint(a *net.TCPAddr) string {
	ip := a.IP.To4()
	if ip == nil {
		return "none"
	}
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip), a.Port)
}

// ownerOf is the user of the socket that is connected so
// (https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html).
func ownerOf(table, from, to string) (uint32, bool) {
	f, err := os.Open(table)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 8 || !strings.HasSuffix(fields[1], from) || !strings.HasSuffix(fields[2], to) {
			continue
		}
		if owner, err := strconv.ParseUint(fields[7], 10, 32); err == nil {
			return uint32(owner), true
		}
	}
	return 0, false
}
