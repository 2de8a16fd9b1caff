package trails

import (
	"slices"

	"github.com/dari-bus/dari/internal/access"
)

// wants is who wants what, and does not change.
type wants struct {
	// data says that a trail that logs asks for data events.
	data bool
	// in are the trails that log in their own region alone, by that, and everywhere
	// those that log in all regions, by account.
	in         map[access.Place][]*Trail
	everywhere map[string][]*Trail
}

// compile finds out anew who wants what.
func (b *Book) compile() {
	w := &wants{in: map[access.Place][]*Trail{}, everywhere: map[string][]*Trail{}}
	for t := range b.trails.All() {
		if !t.Logging {
			continue
		}
		w.data = w.data || t.asksForData()
		if t.Everywhere {
			w.everywhere[t.Home.Account] = append(w.everywhere[t.Home.Account], t)
		} else {
			w.in[t.Home] = append(w.in[t.Home], t)
		}
	}
	b.wants.Store(w)
}

// WantData says whether any trail asks for data events of a place.
func (b *Book) WantData(at access.Place) bool {
	w := b.wants.Load()
	return w.data && (slices.ContainsFunc(w.in[at], (*Trail).asksForData) || slices.ContainsFunc(w.everywhere[at.Account], (*Trail).asksForData))
}

func (t *Trail) asksForData() bool {
	for i := range t.Advanced {
		if t.Advanced[i].isData() {
			return true
		}
	}
	return false
}

// Wanting returns the trails that want an event of a place.
func (b *Book) Wanting(at access.Place, e *Event) []*Trail {
	w := b.wants.Load()
	var found []*Trail
	for _, all := range [][]*Trail{w.in[at], w.everywhere[at.Account]} {
		for _, t := range all {
			if t.wants(e) {
				found = append(found, t)
			}
		}
	}
	return found
}

// wants says whether the trail's selectors let an event through.
func (t *Trail) wants(e *Event) bool {
	if !t.Global && e.Source == "iam.amazonaws.com" {
		return false
	}
	if len(t.Basic)+len(t.Advanced) == 0 {
		return !e.Data
	}
	for i := range t.Basic {
		if t.Basic[i].wants(e) {
			return true
		}
	}
	for i := range t.Advanced {
		if t.Advanced[i].wants(e) {
			return true
		}
	}
	return false
}
