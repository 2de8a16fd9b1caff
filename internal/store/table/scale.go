package table

import (
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// A Scale bounds how many bytes records take in memory: those of an account in all its
// regions, and those of all accounts together that callers made up. Several tables of a
// store may share one. A quota of records alone bounds nothing where each may be long.
type Scale struct {
	// Max is how many bytes either may be.
	Max int
	// What are the records, as a fault calls them, such as "projects", and Code is the
	// code of that fault, "" for none.
	What, Code string
	// Configured says whether an account is one that the settings name, and not one that
	// a caller made up; nil for all are.
	Configured func(account string) bool

	// used is what the records of each account come to, and strange those of the others.
	// Only the store's turn touches them.
	used    map[string]int
	strange int
}

// fixedWeight is what a record takes beside what it holds.
const fixedWeight = 256

func (s *Scale) configured(account string) bool { return s.Configured == nil || s.Configured(account) }

// Fits says in a transaction whether an account has room for a record that weighs n more.
func (s *Scale) Fits(account string, n int) bool {
	return s.used[account]+n+fixedWeight <= s.Max && (s.configured(account) || s.strange+n+fixedWeight <= s.Max)
}

// count counts what an account gets, or gives up.
func (s *Scale) count(account string, n int) {
	if s.used == nil {
		s.used = map[string]int{}
	}
	if s.used[account] += n; s.used[account] == 0 {
		delete(s.used, account)
	}
	if !s.configured(account) {
		s.strange += n
	}
}

// weigh is count for as long as the transaction is kept, and the fault of too much.
func (s *Scale) weigh(tx store.Tx, account string, grows int) error {
	switch {
	case grows <= 0:
	case s.used[account]+grows > s.Max:
		return fault.Limit("The %s of the account would take more than %d MiB in all. Delete some, or make them shorter.", s.What, s.Max>>20).WithCode(s.Code)
	case !s.configured(account) && s.strange+grows > s.Max:
		return fault.Limit("The %s of all accounts that are not in the settings would take more than %d MiB together. Delete some, use the account of -account, or start the server with -keys, which names the accounts that there are.", s.What, s.Max>>20).WithCode(s.Code)
	}
	s.count(account, grows)
	tx.OnEnd(func(kept bool) {
		if !kept {
			s.count(account, -grows)
		}
	})
	return nil
}

// weight is what a record weighs, 0 for none.
func (t *Table[R]) weight(r *R) int {
	if r == nil {
		return 0
	}
	return fixedWeight + t.opt.Weight(r)
}

// weigh has the scale know that a record takes the place of another, either nil for none.
func (w Writer[R]) weigh(k Key, old, r *R) error {
	if w.t.opt.Scale == nil {
		return nil
	}
	return w.t.opt.Scale.weigh(w.tx, k.Account, w.t.weight(r)-w.t.weight(old))
}
