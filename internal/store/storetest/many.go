package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/store"
)

func viewIsReadOnly(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "a", "1")
	view(t, s, func(tx store.Tx) error {
		for name, err := range map[string]error{
			"Put":         tx.Put([]byte("a"), nil),
			"Delete":      tx.Delete([]byte("a")),
			"DeleteRange": tx.DeleteRange(nil, nil),
		} {
			if !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("%s in a View = %v, want ErrReadOnly", name, err)
			}
		}
		return nil
	})
	if diff := cmp.Diff([]string{"a=1"}, contents(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	refusal := errors.New("no")
	if err := s.View(t.Context(), func(store.Tx) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("View = %v, want what the closure returned", err)
	}
}

// viewIsOneMoment also shows that neither waits for the other: the update runs
// while the view is open, on the same goroutine.
func viewIsOneMoment(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "a", "1", "b", "1")
	view(t, s, func(tx store.Tx) error {
		seq := tx.Scan(nil, nil)
		put(t, s, "a", "2", "c", "2")
		update(t, s, func(tx store.Tx) error { return tx.DeleteRange([]byte("b"), []byte("c")) })
		got := []string{}
		for k, v := range seq {
			got = append(got, string(k)+"="+string(v))
		}
		if diff := cmp.Diff([]string{"a=1", "b=1"}, got); diff != "" {
			t.Errorf("scan within (-want +got):\n%s", diff)
		}
		if v, err := tx.Get([]byte("b")); err != nil || string(v) != "1" {
			t.Errorf("Get within = %q, %v", v, err)
		}
		return nil
	})
	// The other way round: a view within an update sees none of it.
	update(t, s, func(tx store.Tx) error {
		err := tx.Put([]byte("d"), nil)
		if diff := cmp.Diff([]string{"a=2", "c=2"}, contents(t, s)); diff != "" {
			t.Errorf("view within an update (-want +got):\n%s", diff)
		}
		return err
	})
}

func viewIsFresh(t *testing.T, open Open) {
	s, _ := open(t)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Appendf(nil, "%d/%d", w, i)
				var opts []store.Option
				if i%10 != 0 {
					opts = append(opts, store.Unsynced)
				}
				err := s.Update(t.Context(), func(tx store.Tx) error { return tx.Put(key, key) }, opts...)
				var got []byte
				err = errors.Join(err, s.View(t.Context(), func(tx store.Tx) (err error) {
					got, err = tx.Get(key)
					got = append([]byte(nil), got...)
					return err
				}))
				if err != nil || string(got) != string(key) {
					t.Errorf("after its update, %q is %q, %v", key, got, err)
				}
			}
		})
	}
	wg.Wait()
}

func endedTx(t *testing.T, open Open) {
	s, _ := open(t)
	var kept []store.Tx
	keep := func(tx store.Tx) error {
		kept = append(kept, tx)
		return nil
	}
	view(t, s, keep)
	update(t, s, keep)
	for _, tx := range kept {
		_, err := tx.Get([]byte("a"))
		for name, err := range map[string]error{
			"Get":         err,
			"Put":         tx.Put([]byte("a"), nil),
			"Delete":      tx.Delete([]byte("a")),
			"DeleteRange": tx.DeleteRange(nil, nil),
		} {
			if !errors.Is(err, store.ErrEnded) {
				t.Errorf("%s after the end = %v, want ErrEnded", name, err)
			}
		}
		for k := range tx.Scan(nil, nil) {
			t.Errorf("a scan after the end yields %q", k)
		}
	}
}

// closuresAreSerial counts without a lock, and moves a sum between two keys
// that every view must find whole.
func closuresAreSerial(t *testing.T, open Open) {
	s, _ := open(t)
	const workers, rounds = 16, 25
	num := func(tx store.Tx, key string) (uint64, error) {
		v, err := tx.Get([]byte(key))
		if v == nil {
			return 0, err
		}
		return binary.BigEndian.Uint64(v), err
	}
	plain := 0
	add := func(tx store.Tx, key string, n uint64) error {
		old, err := num(tx, key)
		return errors.Join(err, tx.Put([]byte(key), binary.BigEndian.AppendUint64(nil, old+n)))
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				var opts []store.Option
				if (w+i)%3 == 0 {
					opts = append(opts, store.Unsynced)
				}
				if err := s.Update(t.Context(), func(tx store.Tx) error {
					plain++
					return errors.Join(add(tx, "up", 1), add(tx, "down", ^uint64(0)))
				}, opts...); err != nil {
					t.Error(err)
				}
				if err := s.View(t.Context(), func(tx store.Tx) error {
					up, err1 := num(tx, "up")
					down, err2 := num(tx, "down")
					if up+down != 0 || up == 0 {
						t.Errorf("a view sees half an update: %d up, %d down", up, -down)
					}
					return errors.Join(err1, err2)
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	view(t, s, func(tx store.Tx) error {
		up, err := num(tx, "up")
		if up != workers*rounds || plain != workers*rounds {
			t.Errorf("%d closures counted %d in the store, want %d", plain, up, workers*rounds)
		}
		return err
	})
}

func cancelled(t *testing.T, open Open) {
	s, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	never := func(store.Tx) error {
		t.Error("the closure ran")
		return nil
	}
	if err := s.View(ctx, never); !errors.Is(err, context.Canceled) {
		t.Errorf("View = %v, want context.Canceled", err)
	}
	if err := s.Update(ctx, never); !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v, want context.Canceled", err)
	}
}

func cancelledWithin(t *testing.T, open Open) {
	s, _ := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.Update(ctx, func(tx store.Tx) error {
		cancel()
		return tx.Put([]byte("a"), []byte("1"))
	}); err != nil {
		t.Errorf("Update = %v, want nil: the change was applied", err)
	}
	if diff := cmp.Diff([]string{"a=1"}, contents(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func unsynced(t *testing.T, open Open) {
	s, reopen := open(t)
	update(t, s, func(tx store.Tx) error { return tx.Put([]byte("a"), []byte("1")) }, store.Unsynced)
	update(t, s, func(tx store.Tx) error { return nil }, store.Unsynced)
	if diff := cmp.Diff([]string{"a=1"}, contents(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if reopen == nil {
		return
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a=1"}, contents(t, reopen())); diff != "" {
		t.Errorf("after an orderly close (-want +got):\n%s", diff)
	}
}

func closed(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "a", "1")
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	never := func(store.Tx) error {
		t.Error("the closure ran")
		return nil
	}
	for name, err := range map[string]error{
		"View":   s.View(t.Context(), never),
		"Update": s.Update(t.Context(), never),
		"Close":  s.Close(),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s = %v, want ErrClosed", name, err)
		}
	}
}

func closeWaits(t *testing.T, open Open) {
	s, _ := open(t)
	put(t, s, "a", "1")
	var left atomic.Bool
	var wg sync.WaitGroup
	view(t, s, func(tx store.Tx) error {
		wg.Go(func() {
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if !left.Load() {
				t.Error("Close returned while a View was running")
			}
		})
		// Once newcomers are turned away, Close is at work; the view still reads.
		for s.View(t.Context(), func(store.Tx) error { return nil }) == nil {
		}
		if v, err := tx.Get([]byte("a")); err != nil || string(v) != "1" {
			t.Errorf("Get while Close waits = %q, %v", v, err)
		}
		left.Store(true)
		return nil
	})
	wg.Wait()
}

func reopened(t *testing.T, open Open) {
	s, reopen := open(t)
	if reopen == nil {
		t.Skip("this engine forgets")
	}
	put(t, s, "a", "1", "b", "1", "c", "", "d", "1")
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.DeleteRange([]byte("b"), []byte("c")), tx.Delete([]byte("d")))
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopen()
	if diff := cmp.Diff([]string{"a=1", "c="}, contents(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	put(t, s, "e", "2")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a=1", "c=", "e=2"}, contents(t, reopen())); diff != "" {
		t.Errorf("the second time (-want +got):\n%s", diff)
	}
}
