package delivery

import (
	"runtime/debug"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
)

// A destination in the same store need not be reached by way of the outbox: the
// delivery can be made in the transaction that owes it. What takes time is done
// before it, by Prepare; what then is not handed over, for whatever reason, is
// owed like everything else.

// The most that is handed over in one transaction, since others wait for it:
// the rest goes by way of the outbox. An offer takes offerBytes of memory beside
// its input.
const (
	mostOffers     = 512
	mostOfferBytes = 2 << 20
	offerBytes     = 512
)

// An offer is a delivery that can be handed over.
type offer struct {
	lane   Lane
	round  *round
	number int // in the round
	input  []byte
}

// rounds are those of one transaction.
type rounds struct {
	all     []*round
	started time.Time
	offers  int
	bytes   int64
	charged int64 // of what is for renderings
}

// charge takes n bytes of what is for renderings until the transaction has ended,
// or says that there are none.
func (rs *rounds) charge(o *Outbox, n int) bool {
	if !o.Renderings.Try(int64(n)) {
		return false
	}
	rs.charged += int64(n)
	return true
}

// A round is one of a taker. It is begun when it has taken something.
type round struct {
	target.Round
	taker target.Taker
	of    *rounds
	added int
	begun bool
}

// Prepare makes ready, outside of any transaction, what can be handed over within
// the one that items are to be owed in. Their lanes may still change until then.
// release is called when that has ended, however it did.
func (o *Outbox) Prepare(items []Item) (release func()) {
	rs := &rounds{started: time.Now()}
	for i := range items {
		it := &items[i]
		for _, id := range it.Lanes {
			if l := o.lane(id); l != nil && l.plan.Desk != nil && rs.offers < mostOffers && rs.bytes < mostOfferBytes {
				l.offer(rs, it)
			}
		}
	}
	return func() { o.Renderings.Give(rs.charged) }
}

// offer makes one delivery ready, unless it takes long, or more memory than there
// is, or is refused. Then it is found out again in its own time why it cannot be.
func (l *lane) offer(rs *rounds, it *Item) {
	defer func() {
		if r := recover(); r != nil {
			l.out.Log.Error("a delivery that cannot be made ready goes by the outbox", "owner", l.plan.Owner, "target", l.plan.Target,
				"item", it.ID, "panic", r, "stack", string(debug.Stack()))
		}
	}()
	if l.plan.Payload.Effort(len(it.Body)) > light {
		return
	}
	needs, _ := l.plan.Payload.Cost(len(it.Body))
	if !rs.charge(l.out, needs) {
		return
	}
	d := &target.Delivery{
		ID: it.ID, Body: it.Body, Owner: l.plan.Owner, Forwarded: it.Forwarded, Trace: it.Trace, Attempt: 1, Ingested: it.Ingested,
	}
	var err error
	if d.Input, err = l.plan.Payload.Render(d); err != nil {
		return
	}
	// The taker has the input once more, while the transaction waits for its turn.
	if !rs.charge(l.out, 2*len(d.Input)+offerBytes) {
		return
	}
	r := rs.with(l.plan.Desk.Taker())
	if r == nil || l.plan.Desk.Add(r.Round, d) != nil {
		return
	}
	it.offers = append(it.offers, offer{l.id, r, r.added, d.Input})
	r.added++
	rs.offers++
	rs.bytes += int64(len(d.Input))
}

// with returns the round of a taker, nil when it takes nothing.
func (rs *rounds) with(t target.Taker) *round {
	if i := slices.IndexFunc(rs.all, func(r *round) bool { return r.taker == t }); i >= 0 {
		return rs.all[i]
	}
	in := t.Begin()
	if in == nil {
		return nil
	}
	r := &round{Round: in, taker: t, of: rs}
	rs.all = append(rs.all, r)
	return r
}

// handOver hands an item over to a lane in tx, if that was made ready.
func (in *owing) handOver(tx store.Tx, l *lane, it *Item) (taken bool, err error) {
	if l == nil || len(it.offers) == 0 {
		return false, nil
	}
	i := slices.IndexFunc(it.offers, func(o offer) bool { return o.lane == l.id })
	if i < 0 || l.abandoned() {
		return false, nil
	}
	o := &it.offers[i]
	if in.rounds == nil {
		in.rounds = o.round.of
	}
	if o.round.of != in.rounds {
		return false, nil // of another transaction, which is a mistake; it arrives all the same
	}
	o.round.begun = true
	if taken, err = o.round.Take(tx, o.number); taken {
		in.handed = append(in.handed, handed{l, it, o.input, in.rounds.started})
	}
	return taken, err
}

// seal ends what was begun.
func (rs *rounds) seal(tx store.Tx) error {
	if rs == nil {
		return nil
	}
	for _, r := range rs.all {
		if !r.begun {
			continue
		}
		if err := r.Seal(tx); err != nil {
			return err
		}
	}
	return nil
}

// A handed delivery has been made.
type handed struct {
	lane    *lane
	item    *Item
	input   []byte
	started time.Time
}

// settle tells of it.
func (h *handed) settle() {
	l, took := h.lane, time.Since(h.started)
	l.judge(nil, took)
	if fn := l.out.Hooks.Attempted; fn != nil {
		fn(&watch.Attempt{Route: l.route(h.item), Number: 1, Started: h.started, Took: took, Input: h.input})
	}
	if fn := l.out.Hooks.Settled; fn != nil {
		fn(&watch.Settlement{
			Route: l.route(h.item), Outcome: watch.Delivered, Attempts: 1,
			Ingested: h.item.Ingested, Latency: time.Since(h.item.Ingested),
		})
	}
}
