package bus

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
	"github.com/dari-bus/dari/internal/target"
)

// The keys. No part of one can hold a slash: names are checked when they are
// made, accounts are digits and regions are words.
//
//	bus/born                                        when the store was first opened
//	bus/bus/<account>/<region>/<bus>                busRecord
//	bus/rule/<account>/<region>/<bus>/<rule>        ruleRecord
//	bus/target/<account>/<region>/<bus>/<rule>/<id> targetRecord
//
// All but the first are tables.
const keyBorn = "bus/born"

// A busRecord is a bus in the store. A default bus has one only after its
// attributes were changed.
type busRecord struct {
	access.Place
	Name        string
	Description string     `json:",omitempty"`
	KMSKey      string     `json:",omitempty"`
	DeadLetter  string     `json:",omitempty"`
	Log         *LogConfig `json:",omitempty"`
	Policy      string     `json:",omitempty"`
	Tags        []Tag      `json:",omitempty"`
	Created     time.Time
	Modified    time.Time
}

// A ruleRecord is a rule in the store.
type ruleRecord struct {
	access.Place
	Bus, Name   string
	Pattern     string `json:",omitempty"`
	Schedule    string `json:",omitempty"`
	State       State
	Description string `json:",omitempty"`
	RoleARN     string `json:",omitempty"`
	CreatedBy   string
	Tags        []Tag `json:",omitempty"`
	// Anchor is where rate() counts from, and Due when the schedule fires next;
	// both are zero for a rule that does not fire, Due also after the last time.
	Anchor time.Time `json:",omitzero"`
	Due    time.Time `json:",omitzero"`
}

// A targetRecord is a target of a rule, with the lane that its deliveries take.
type targetRecord struct {
	access.Place
	Bus, Rule string
	Target    target.Target
	Lane      delivery.Lane
}

func (r *busRecord) key() key { return key{r.Place, r.Name} }

func (r *ruleRecord) key() key { return key{r.Place, r.Bus} }

// record, ruleRecord and targetRecord are the keys in the tables.
func (k key) record() table.Key { return table.Key{Place: k.Place, Name: k.Name} }

func (k key) ruleRecord(rule string) table.Key {
	return table.Key{Place: k.Place, Name: k.Name + "/" + rule}
}

func (k key) targetRecord(rule, id string) table.Key {
	return table.Key{Place: k.Place, Name: k.Name + "/" + rule + "/" + id}
}

// load reads everything into s, which nobody else sees yet.
func (s *Service) load(ctx context.Context) error {
	if err := s.opt.Store.View(ctx, s.loadBorn); err != nil {
		return err
	}
	l := s.opt.Limits
	var err error
	s.attributes, err = table.Open(ctx, table.Options[attributes]{
		Store: s.opt.Store, Prefix: "bus/bus/", Version: 1, Max: l.Buses, Full: overLimit(),
		Complete: func(_ table.Key, a *attributes) error { return a.compile() },
	})
	if err != nil {
		return err
	}
	rules := times(l.Buses, l.RulesPerBus)
	s.rules, err = table.Open(ctx, table.Options[version]{
		Store: s.opt.Store, Prefix: "bus/rule/", Version: 1, Max: rules, Full: overLimit(),
		Complete: func(_ table.Key, v *version) error { return v.compile() },
	})
	if err != nil {
		return err
	}
	s.targets, err = table.Open(ctx, table.Options[targetRecord]{
		Store: s.opt.Store, Prefix: "bus/target/", Version: 1, Max: times(rules, l.TargetsPerRule), Full: overLimit(),
		Complete: func(_ table.Key, t *targetRecord) error {
			v := s.rules.Find(key{t.Place, t.Bus}.ruleRecord(t.Rule))
			if v == nil {
				return fmt.Errorf("there is no rule %s", t.Rule)
			}
			// Targets come in the order of their ids, which is how a version keeps them.
			v.targets = append(v.targets, t)
			return nil
		},
	})
	if err != nil {
		return err
	}
	for a := range s.attributes.All() {
		s.materialise(a.key()).attributes.Store(a)
		s.setLogged(a.key().arn(), a.Log)
	}
	for v := range s.rules.All() {
		s.enlist(newRule(s.materialise(v.key()), v))
	}
	return nil
}

func (s *Service) loadBorn(tx store.Tx) error {
	born, err := tx.Get([]byte(keyBorn))
	if err != nil || born == nil {
		return err
	}
	if err := s.born.UnmarshalText(born); err != nil {
		return fmt.Errorf("%s: %w", keyBorn, err)
	}
	return nil
}

// times multiplies two limits, either of which may be none.
func times(a, b int) int {
	if a > math.MaxInt/b {
		return math.MaxInt
	}
	return a * b
}
