package disk

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/dari-bus/dari/internal/store"
)

// What is appended is not written anew for the sake of a cursor that changes with
// it: no table reaches from one kind of key to another.
func TestEachKindOfKeyLiesInTablesOfItsOwn(t *testing.T) {
	s := openTest(t, Options{Dir: "data", FS: vfs.NewMem(), MemTableBytes: 64 << 10})
	value := make([]byte, 1000)
	for n := range uint64(2000) {
		if err := s.Update(context.Background(), func(tx store.Tx) error {
			for _, kind := range []string{"queue/m/", "delivery/e/"} {
				if err := tx.Put(binary.BigEndian.AppendUint64([]byte(kind), n), value); err != nil {
					return err
				}
			}
			if err := tx.Put([]byte("queue/n"), fmt.Append(nil, n)); err != nil {
				return err
			}
			return tx.Put([]byte("queue/c/1"), fmt.Append(nil, n))
		}, store.Unsynced); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	levels, err := s.db.SSTables()
	if err != nil {
		t.Fatal(err)
	}
	tables, bytesOf := 0, uint64(0)
	for _, level := range levels {
		for _, table := range level {
			tables++
			bytesOf += table.Size
			if end := kindEnd(table.Smallest.UserKey); bytes.Compare(table.Largest.UserKey, end) >= 0 {
				t.Errorf("a table reaches from %q to %q", table.Smallest.UserKey, table.Largest.UserKey)
			}
		}
	}
	if tables < 8 {
		t.Errorf("%d tables of %d bytes: this test shows nothing", tables, bytesOf)
	}
}

func TestTheKindOfAKeyEndsWithItsSecondSlash(t *testing.T) {
	for key, want := range map[string]string{
		"queue/m/1":       "queue/m0",
		"queue/q/1/eu/q":  "queue/q0",
		"queue/m/":        "queue/m0",
		"queue/n":         "queue0",
		"x":               "",
		"":                "",
		"bus/rule/1/eu/r": "bus/rule0",
	} {
		if got := string(kindEnd([]byte(key))); got != want {
			t.Errorf("%q ends before %q, want %q", key, got, want)
		}
	}
}
