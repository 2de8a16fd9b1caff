package pattern

// A ledger is a small hash table of numbers that is emptied at no cost. It
// grows with what is written into it during one event, not with the number of
// rules.
type ledger struct {
	entries []ledgerEntry // a power of two of them
	n       int
	epoch   uint32
}

type ledgerEntry struct{ epoch, id, value uint32 }

// reset empties the ledger.
func (l *ledger) reset() {
	if l.epoch++; l.epoch == 0 {
		clear(l.entries)
		l.epoch = 1
	}
	l.n = 0
	if l.entries == nil {
		l.entries = make([]ledgerEntry, 64)
	}
}

// at returns where the value of an id is kept, until the next call. It is zero
// at first.
func (l *ledger) at(id uint32) *uint32 {
	mask := uint32(len(l.entries) - 1)
	for i := id * seedID >> 7; ; i++ {
		e := &l.entries[i&mask&uint32(len(l.entries)-1)]
		if e.epoch != l.epoch {
			if l.n++; l.n > len(l.entries)/2 {
				l.grow()
				return l.at(id)
			}
			*e = ledgerEntry{l.epoch, id, 0}
			return &e.value
		}
		if e.id == id {
			return &e.value
		}
	}
}

func (l *ledger) grow() {
	old, epoch := l.entries, l.epoch
	l.entries, l.n, l.epoch = make([]ledgerEntry, 4*len(old)), 0, 1
	for _, e := range old {
		if e.epoch == epoch {
			*l.at(e.id) = e.value
		}
	}
}
