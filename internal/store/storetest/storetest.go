// Package storetest holds the facts that are true of every store, as a suite
// that every engine passes.
package storetest

import (
	"testing"

	"github.com/dari-bus/dari/internal/store"
)

// An Open makes an empty store for one test. It sees to it that the store is
// closed when the test ends; closing it earlier is up to the test. Reopen opens
// what a store left behind that has been closed; it is nil when the engine
// forgets.
type Open func(t *testing.T) (s store.Store, reopen func() store.Store)

// Run runs the suite against the stores that open makes.
func Run(t *testing.T, open Open) {
	for _, fact := range []struct {
		name string
		test func(t *testing.T, open Open)
	}{
		{"AbsentIsNilAndEmptyIsNot", absentIsNil},
		{"ATransactionSeesItsOwnWrites", ownWrites},
		{"AFailedUpdateLeavesNothing", failedUpdate},
		{"APanicLeavesNothingAndNoLock", panicking},
		{"ATransactionTellsHowItEndedBeforeTheNext", tellsItsEnd},
		{"ScanYieldsARangeInByteOrder", scanOrder},
		{"ScanMayStopEarly", scanStops},
		{"ScanIsNotDisturbedByItsBody", scanWhileWriting},
		{"DeleteRangeTakesTheKeysInBetween", deleteRange},
		{"SlicesAreCopied", slicesAreCopied},
		{"AViewDoesNotWrite", viewIsReadOnly},
		{"AViewSeesOneMoment", viewIsOneMoment},
		{"AViewSeesWhatWasAcknowledged", viewIsFresh},
		{"ATransactionEndsWithItsClosure", endedTx},
		{"ClosuresRunOneAtATime", closuresAreSerial},
		{"ACancelledCallDoesNotRun", cancelled},
		{"CancellingWithinChangesNothing", cancelledWithin},
		{"AnUnsyncedUpdateIsSeenAtOnce", unsynced},
		{"AClosedStoreSaysSo", closed},
		{"CloseWaitsForTransactions", closeWaits},
		{"WhatWasWrittenIsThereAfterReopening", reopened},
		{"AnyHistoryEqualsThatOfAMap", model},
	} {
		t.Run(fact.name, func(t *testing.T) { fact.test(t, open) })
	}
}

// update and view run fn and stop the test if it fails.
func update(t *testing.T, s store.Store, fn func(store.Tx) error, opts ...store.Option) {
	t.Helper()
	if err := s.Update(t.Context(), fn, opts...); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatalf("View: %v", err)
	}
}

// put writes pairs of keys and values in one update.
func put(t *testing.T, s store.Store, pairs ...string) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Put([]byte(pairs[i]), []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	})
}

// dump returns what a scan yields, as key=value. An empty to is the end.
func dump(tx store.Tx, from, to string) []string {
	var end []byte
	if to != "" {
		end = []byte(to)
	}
	got := []string{}
	for k, v := range tx.Scan([]byte(from), end) {
		got = append(got, string(k)+"="+string(v))
	}
	return got
}

// contents returns everything in s.
func contents(t *testing.T, s store.Store) []string {
	t.Helper()
	var got []string
	view(t, s, func(tx store.Tx) error {
		got = dump(tx, "", "")
		return nil
	})
	return got
}

// Count returns how many of the keys are in s, as key gives them for 0 to n-1.
func Count(t *testing.T, s store.Store, key func(i int) []byte, n int) (there int, err error) {
	t.Helper()
	err = s.View(t.Context(), func(tx store.Tx) error {
		for i := range n {
			v, err := tx.Get(key(i))
			if err != nil {
				return err
			}
			if v != nil {
				there++
			}
		}
		return nil
	})
	return there, err
}
