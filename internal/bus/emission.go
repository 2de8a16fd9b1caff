package bus

import (
	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/store"
)

// An Emission is an event of the house's own on its way in, for a transaction of the
// caller's own. Whoever has one calls Owe in it and End after it.
type Emission struct {
	s     *Service
	from  access.Caller
	taken []intake // one
	debts *debts
	start func()
}

// Prepare makes an event of the house's own rooms ready for the default bus. Its source
// may begin with "aws.". The hooks hear nothing of one that no rule wants.
func (s *Service) Prepare(from access.Caller, e event.Entry) (*Emission, error) {
	in, err := s.own(from, e)
	if err != nil {
		return nil, err
	}
	m := &Emission{s: s, from: from, taken: []intake{in}}
	m.debts = s.debts(m.taken)
	return m, nil
}

// Owe writes the event and the deliveries that it causes.
func (m *Emission) Owe(tx store.Tx) (err error) {
	if m.debts == nil {
		return nil
	}
	m.start, err = m.debts.owe(tx)
	return err
}

// End is called once, when the transaction is over. If it was kept, the deliveries
// start.
func (m *Emission) End(kept bool) {
	if m.debts == nil {
		return
	}
	if kept {
		m.s.tellTaken(m.from, m.taken)
		m.start()
	}
	m.debts.release()
}
