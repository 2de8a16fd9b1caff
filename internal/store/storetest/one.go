package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/store"
)

func absentIsNil(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "empty", "", "full", "x")
	view(t, s, func(tx store.Tx) error {
		for key, want := range map[string][]byte{"empty": {}, "full": []byte("x"), "absent": nil, "": nil} {
			got, err := tx.Get([]byte(key))
			if err != nil || !cmp.Equal(got, want) {
				t.Errorf("Get(%q) = %#v, %v, want %#v", key, got, err, want)
			}
		}
		return nil
	})
}

func ownWrites(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "a", "1", "b", "1", "c", "1")
	update(t, s, func(tx store.Tx) error {
		err := errors.Join(
			tx.Put([]byte("a"), []byte("2")),
			tx.Delete([]byte("b")),
			tx.Put([]byte("d"), []byte("2")),
			tx.Delete([]byte("absent")),
		)
		for key, want := range map[string][]byte{"a": []byte("2"), "b": nil, "c": []byte("1"), "d": []byte("2")} {
			if got, err := tx.Get([]byte(key)); err != nil || !cmp.Equal(got, want) {
				t.Errorf("Get(%q) = %q, %v, want %q", key, got, err, want)
			}
		}
		if diff := cmp.Diff([]string{"a=2", "c=1", "d=2"}, dump(tx, "", "")); diff != "" {
			t.Errorf("own scan (-want +got):\n%s", diff)
		}
		return err
	})
	if diff := cmp.Diff([]string{"a=2", "c=1", "d=2"}, contents(t, s)); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
}

func failedUpdate(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "a", "1", "b", "1")
	refusal := errors.New("no")
	err := s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(
			tx.Put([]byte("a"), []byte("2")),
			tx.Put([]byte("c"), []byte("2")),
			tx.DeleteRange([]byte("b"), []byte("c")),
			refusal,
		)
	})
	if !errors.Is(err, refusal) {
		t.Errorf("Update = %v, want what the closure returned", err)
	}
	if diff := cmp.Diff([]string{"a=1", "b=1"}, contents(t, s)); diff != "" {
		t.Errorf("the failed update left something (-want +got):\n%s", diff)
	}
}

func panicking(t *testing.T, open Open) {
	s, _ := open(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = s.Update(t.Context(), func(tx store.Tx) error {
			_ = tx.Put([]byte("a"), nil)
			panic("boom")
		})
	}()
	put(t, s, "b", "1")
	if diff := cmp.Diff([]string{"b=1"}, contents(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// tellsItsEnd writes down without a lock in which order things happen: the store
// takes turns.
func tellsItsEnd(t *testing.T, open Open) {
	s, _ := open(t)
	var happened []string
	transaction := func(name string, fn func() error, opts ...store.Option) error {
		return s.Update(t.Context(), func(tx store.Tx) error {
			happened = append(happened, name)
			for _, who := range []string{"a", "b"} {
				tx.OnEnd(func(kept bool) { happened = append(happened, fmt.Sprint(name, who, kept)) })
			}
			return errors.Join(tx.Put([]byte(name), nil), fn())
		}, opts...)
	}
	done := func() error { return nil }
	var next sync.WaitGroup
	err := transaction("1", func() error {
		next.Go(func() {
			if err := transaction("2", done); err != nil {
				t.Error(err)
			}
		})
		return errors.New("no")
	})
	if err == nil {
		t.Error("a closure's error was swallowed")
	}
	next.Wait()
	func() {
		defer func() { _ = recover() }()
		_ = transaction("3", func() error { panic("boom") })
	}()
	if err := transaction("4", done, store.Unsynced); err != nil {
		t.Error(err)
	}
	update(t, s, func(tx store.Tx) error {
		tx.OnEnd(func(kept bool) { happened = append(happened, fmt.Sprint("nothing written ", kept)) })
		return nil
	})
	view(t, s, func(tx store.Tx) error {
		tx.OnEnd(func(kept bool) { happened = append(happened, fmt.Sprint("looked ", kept)) })
		return nil
	})
	want := []string{"1", "1afalse", "1bfalse", "2", "2atrue", "2btrue", "3", "3afalse", "3bfalse", "4", "4atrue", "4btrue", "nothing written true", "looked false"}
	if diff := cmp.Diff(want, happened); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"2=", "4="}, contents(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func scanOrder(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "b", "", "\xff", "", "ab", "", "a", "", "a\x00", "", "\x00", "", "a\xff", "", "B", "")
	for _, tt := range []struct {
		from, to string
		want     []string
	}{
		{"", "", []string{"\x00=", "B=", "a=", "a\x00=", "ab=", "a\xff=", "b=", "\xff="}},
		{"a", "b", []string{"a=", "a\x00=", "ab=", "a\xff="}},
		{"a\x00", "ab", []string{"a\x00="}},
		{"aa", "", []string{"ab=", "a\xff=", "b=", "\xff="}},
		{"b", "a", []string{}},
		{"a", "a", []string{}},
		{"c", "d", []string{}},
	} {
		view(t, s, func(tx store.Tx) error {
			if diff := cmp.Diff(tt.want, dump(tx, tt.from, tt.to)); diff != "" {
				t.Errorf("Scan(%q, %q) (-want +got):\n%s", tt.from, tt.to, diff)
			}
			return nil
		})
	}
}

func scanStops(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "a", "1", "b", "2", "c", "3")
	visit := func(tx store.Tx) error {
		seq := tx.Scan(nil, nil)
		// Twice, and one inside the other: a sequence is not used up.
		for range 2 {
			var got []string
			for k := range seq {
				for inner := range seq {
					got = append(got, string(k)+string(inner))
					break
				}
				if string(k) == "b" {
					break
				}
			}
			if diff := cmp.Diff([]string{"aa", "ba"}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		}
		return nil
	}
	view(t, s, visit)
	update(t, s, visit)
}

func scanWhileWriting(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "a", "1", "b", "1", "c", "1", "d", "1")
	update(t, s, func(tx store.Tx) error {
		var got []string
		for k, v := range tx.Scan([]byte("a"), []byte("z")) {
			got = append(got, string(k)+"="+string(v))
			if err := errors.Join(
				tx.Put(append(k[:1:1], '+'), v),
				tx.Put([]byte("c"), []byte("2")),
				tx.DeleteRange([]byte("d"), []byte("e")),
				tx.Delete(k),
			); err != nil {
				return err
			}
		}
		if diff := cmp.Diff([]string{"a=1", "b=1", "c=1", "d=1"}, got); diff != "" {
			t.Errorf("scan (-want +got):\n%s", diff)
		}
		return nil
	})
	if diff := cmp.Diff([]string{"a+=1", "b+=1", "c=2", "c+=1"}, contents(t, s)); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
}

func deleteRange(t *testing.T, open Open) {
	for _, tt := range []struct {
		name     string
		from, to []byte
		want     []string
	}{
		{"middle", []byte("b"), []byte("d"), []string{"a=", "d=", "e="}},
		{"to the end", []byte("c"), nil, []string{"a=", "b="}},
		{"everything", nil, nil, []string{}},
		{"nothing there", []byte("bb"), []byte("bc"), []string{"a=", "b=", "c=", "d=", "e="}},
		{"backwards", []byte("d"), []byte("b"), []string{"a=", "b=", "c=", "d=", "e="}},
		{"empty", []byte("b"), []byte("b"), []string{"a=", "b=", "c=", "d=", "e="}},
		{"to an empty key", nil, []byte{}, []string{"a=", "b=", "c=", "d=", "e="}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, _ := open(t)
			put(t, s, "a", "", "b", "", "c", "", "e", "")
			update(t, s, func(tx store.Tx) error {
				// One key is the transaction's own.
				err := errors.Join(tx.Put([]byte("d"), nil), tx.DeleteRange(tt.from, tt.to))
				if diff := cmp.Diff(tt.want, dump(tx, "", "")); diff != "" {
					t.Errorf("within (-want +got):\n%s", diff)
				}
				return err
			})
			if diff := cmp.Diff(tt.want, contents(t, s)); diff != "" {
				t.Errorf("afterwards (-want +got):\n%s", diff)
			}
			put(t, s, "c", "again")
			view(t, s, func(tx store.Tx) error {
				if v, err := tx.Get([]byte("c")); err != nil || string(v) != "again" {
					t.Errorf("a key put after its range was deleted: %q, %v", v, err)
				}
				return nil
			})
		})
	}
	t.Run("of an empty store", func(t *testing.T) {
		s, _ := open(t)
		update(t, s, func(tx store.Tx) error { return tx.DeleteRange(nil, nil) })
	})
}

func slicesAreCopied(t *testing.T, open Open) {
	s, _ := open(t)
	key, value := []byte("key"), []byte("value")
	update(t, s, func(tx store.Tx) error {
		err := tx.Put(key, value)
		key[0], value[0] = 'X', 'X'
		err = errors.Join(err, tx.Put([]byte("other"), nil))
		from, to := []byte("other"), []byte("othes")
		err = errors.Join(err, tx.DeleteRange(from, to))
		from[0], to[0] = 'a', 'z'
		return err
	})
	key[1], value[1] = 'X', 'X'
	if diff := cmp.Diff([]string{"key=value"}, contents(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	// What Get returns stays as it is while the transaction writes and reads on.
	update(t, s, func(tx store.Tx) error {
		got, err := tx.Get([]byte("key"))
		err = errors.Join(err, tx.Put([]byte("key"), []byte("other")), tx.DeleteRange(nil, nil))
		for range 100 {
			_, more := tx.Get([]byte("key"))
			err = errors.Join(err, more, tx.Put([]byte("filler"), make([]byte, 1000)))
		}
		if string(got) != "value" {
			t.Errorf("the slice became %q", got)
		}
		return err
	})
}
