package outbound_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/outbound"
)

// attack, undecided: where calls may go out to.
func TestPublicReachAllowsTheInternetOnly(t *testing.T) {
	reach, err := outbound.ParseReach("public")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range strings.Fields(`8.8.8.8 1.1.1.1 172.15.255.255 172.32.0.0 100.63.255.255 100.128.0.0 192.167.1.1 223.255.255.255 169.253.1.1
		2606:4700::1111 2a00:1450:4001::200e ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1`) {
		if !reach.Allows(netip.MustParseAddr(a)) {
			t.Errorf("%s is refused", a)
		}
	}
	for _, a := range strings.Fields(`127.0.0.1 127.9.9.9 0.0.0.0 0.1.2.3 10.1.2.3 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254 169.254.170.2
		100.64.0.1 100.100.100.200 100.127.255.255 168.63.129.16 192.0.0.192 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 192.88.99.1
		224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
		:: ::1 ::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
		fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd00:ec2::254 ff02::1 ff0e::1
		64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b:1::8.8.8.8
		2002:7f00:1::1 2002:a00:1::1 2002:a9fe:a9fe::1 2001::1 2001:0:808:808::1 2001:db8::1 3fff::1 100::1 4000::1 5f00::1`) {
		if reach.Allows(netip.MustParseAddr(a)) {
			t.Errorf("%s is allowed", a)
		}
	}
}

func TestReachAllowsWhatIsNamedBeside(t *testing.T) {
	reach, err := outbound.ParseReach("public, 10.1.0.0/16,192.168.7.7,fd00::/8")
	if err != nil {
		t.Fatal(err)
	}
	for a, want := range map[string]bool{
		"10.1.2.3": true, "10.2.0.0": false, "192.168.7.7": true, "192.168.7.8": false, "fd12::1": true, "8.8.8.8": true,
		"::ffff:10.1.2.3": true, "64:ff9b::10.1.2.3": false, "127.0.0.1": false,
	} {
		if reach.Allows(netip.MustParseAddr(a)) != want {
			t.Errorf("%s: allowed is not %v", a, want)
		}
	}
	everywhere, err := outbound.ParseReach("any")
	if err != nil || !everywhere.Everywhere() || reach.Everywhere() || !everywhere.Allows(netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("any: %v", err)
	}
	for _, bad := range []string{"", "none", "any,10.0.0.0/8", "10.0.0.0/8", "public,", "public,10.1/16", "public,10.0.0.256", "public,a b", "public,http://x", "public,*", "public,x:80"} {
		if _, err := outbound.ParseReach(bad); err == nil {
			t.Errorf("%q is understood", bad)
		}
	}
}

// A name is judged by the address that it has when it is called.
func TestAddressIsJudgedWhenItIsCalled(t *testing.T) {
	called := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }))
	defer srv.Close()
	byName := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
	for _, c := range []struct {
		reach, address string
		want           bool
	}{
		{"any", srv.URL, true},
		{"public", srv.URL, false},
		{"public", byName, false},
		{"public", strings.Replace(srv.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1), false},
		{"public", strings.Replace(srv.URL, "127.0.0.1", "0.0.0.0", 1), false},
		{"public,127.0.0.0/8", srv.URL, true},
		{"public,127.0.0.0/8", byName, true},
		{"public,localhost", byName, true},
		{"public,LOCALHOST", strings.ToUpper(byName), true},
		{"public,localhost", srv.URL, false},
	} {
		reach, err := outbound.ParseReach(c.reach)
		if err != nil {
			t.Fatal(err)
		}
		before := called
		_, err = outbound.New(outbound.Options{Reach: reach}).Call(post(t, c.address), outbound.Terms{For: "d", Within: slow})
		if c.want {
			if err != nil {
				t.Errorf("%s, %s: %v", c.reach, c.address, err)
			}
			continue
		}
		e := outbound.AsError(err)
		if e == nil || !e.Permanent || e.Code != outbound.CodeNoPermission || !strings.Contains(e.Message, "-outbound") || called != before {
			t.Errorf("%s, %s: %+v", c.reach, c.address, e)
		}
	}
}
