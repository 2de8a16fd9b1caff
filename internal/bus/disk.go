package bus

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
)

// The keys. No part of one can hold a slash: names are checked when they are
// made, accounts are digits and regions are words.
//
//	bus/born                                        when the store was first opened
//	bus/bus/<account>/<region>/<bus>                busRecord
//	bus/rule/<account>/<region>/<bus>/<rule>        ruleRecord
//	bus/target/<account>/<region>/<bus>/<rule>/<id> targetRecord
const (
	keyBorn      = "bus/born"
	prefixBus    = "bus/bus/"
	prefixRule   = "bus/rule/"
	prefixTarget = "bus/target/"
)

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

// A targetRecord is a target in the store.
type targetRecord struct {
	access.Place
	Bus, Rule string
	Target    target.Target
	Lane      delivery.Lane
}

func (r *busRecord) key() key { return key{r.Place, r.Name} }

func (r *ruleRecord) key() key { return key{r.Place, r.Bus} }

func (r *targetRecord) key() key { return key{r.Place, r.Bus} }

func (k key) path() string { return k.Account + "/" + k.Region + "/" + k.Name }

func (k key) diskKey() []byte { return []byte(prefixBus + k.path()) }

func (k key) ruleKey(rule string) []byte { return []byte(prefixRule + k.path() + "/" + rule) }

func (k key) targetKey(rule, id string) []byte {
	return []byte(prefixTarget + k.path() + "/" + rule + "/" + id)
}

func put(tx store.Tx, key []byte, record any) error {
	b, err := json.Marshal(record)
	if err != nil {
		return err
	}
	return tx.Put(key, b)
}

// load reads everything into s, which nobody else sees yet.
func (s *Service) load(tx store.Tx) error {
	born, err := tx.Get([]byte(keyBorn))
	if err != nil {
		return err
	}
	if born != nil {
		if err := s.born.UnmarshalText(born); err != nil {
			return fmt.Errorf("%s: %w", keyBorn, err)
		}
	}
	if err := scan(tx, prefixBus, s.loadBus); err != nil {
		return err
	}
	if err := scan(tx, prefixRule, s.loadRule); err != nil {
		return err
	}
	return scan(tx, prefixTarget, s.loadTarget)
}

// scan hands every record below a prefix to fn.
func scan[T any](tx store.Tx, prefix string, fn func(*T) error) error {
	for k, v := range tx.Scan([]byte(prefix), store.End([]byte(prefix))) {
		r := new(T)
		if err := json.Unmarshal(v, r); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		if err := fn(r); err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
	}
	return nil
}

func (s *Service) loadBus(r *busRecord) error {
	a, err := compileAttributes(r)
	if err != nil {
		return err
	}
	s.materialise(r.key()).attributes.Store(a)
	return nil
}

func (s *Service) loadRule(r *ruleRecord) error {
	b := s.materialise(r.key())
	v, err := compileRule(r)
	if err != nil {
		return err
	}
	rule := newRule(b, v)
	b.insert(rule)
	s.enlist(rule)
	return nil
}

func (s *Service) loadTarget(r *targetRecord) error {
	b := s.materialise(r.key())
	rule, ok := b.rule(r.Rule)
	if !ok {
		return fmt.Errorf("there is no rule %s", r.Rule)
	}
	// Targets come in the order of their ids, which is how a version keeps them.
	v := *rule.live.Load()
	v.targets = append(v.targets, targetVersion{r.Target, r.Lane})
	rule.live.Store(&v)
	return nil
}
