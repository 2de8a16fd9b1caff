package dead

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The keys. Accounts are digits, so that none holds a slash; numbers are
// big-endian.
//
//	delivery/k/<account>/<seq><lane>   a dead delivery, JSON
//	delivery/k/<account>/<seq>0        the payload of those with that seq
//	delivery/d/<seq><lane>             both, as they were before accounts had their own
const (
	prefix    = "delivery/k/"
	prefixOld = "delivery/d/"
)

// Holds reports whether a key of the outbox is one of a dead delivery.
func Holds(key string) bool {
	return strings.HasPrefix(key, prefix) || strings.HasPrefix(key, prefixOld)
}

// A key names a dead delivery among those of an account. The one with lane 0,
// which is no lane, holds the payload of all that have its seq.
type key struct{ seq, lane uint64 }

func ofAccount(account string) []byte { return []byte(prefix + account + "/") }

func (k key) of(account string) []byte { return k.encode(ofAccount(account)) }

func (k key) encode(before []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(before, k.seq), k.lane)
}

// decode returns the key that the last bytes of one in the store are.
func decode(b []byte) key {
	b = b[len(b)-16:]
	return key{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// accountIn returns the account that a key in the store names.
func accountIn(k []byte) string { return string(k[len(prefix) : len(k)-17]) }

func (k key) payload() key { return key{seq: k.seq} }

func (k key) before(other key) bool {
	return k.seq < other.seq || k.seq == other.seq && k.lane < other.lane
}

func (k key) id() string { return fmt.Sprintf("%x-%x", k.seq, k.lane) }

func parseID(id string) (k key, err error) {
	if n, err := fmt.Sscanf(id, "%x-%x", &k.seq, &k.lane); n != 2 || err != nil || k.id() != id {
		return k, fmt.Errorf("%q is not the ID of a dead delivery, such as 63f1a7c0de900-63f1a7b9aca00", id)
	}
	return k, nil
}
