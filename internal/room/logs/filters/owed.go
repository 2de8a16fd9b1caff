package filters

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// A Message is what a subscriber gets at a time.
type Message struct {
	ID   string
	Body []byte
	Lane uint64
}

// mostMessage is how long a message may be that has more than one event, in bytes:
// any queue takes it that was made with the limit that queues had until 2025.
const mostMessage = 256 << 10

// Owed is what subscribers are owed of a batch of events. Nil is nothing.
type Owed struct {
	service  *Service
	at       access.Place
	group    arn.ARN
	number   uint64
	messages []message
	start    func()
}

type message struct {
	Message
	filter string
}

// Owed makes ready what subscribers of a group are to get of events that are about
// to be written to a stream, and have their numbers. It is the part that takes time,
// for outside of the store's turn. The caller has counted what it takes: [Service.Cost].
func (s *Service) Owed(at access.Place, group string, number uint64, stream string, events []blocks.Entry) (*Owed, error) {
	if s.subscriptions.Count(at, of(number)) == 0 {
		return nil, nil
	}
	o := &Owed{service: s, at: at, group: groupARN(at, group), number: number}
	begun := time.Now()
	for f := range s.subscriptions.Each(at, of(number)) {
		p := payload{
			MessageType: "DATA_MESSAGE", Owner: at.Account, LogGroup: group, LogStream: stream, SubscriptionFilters: []string{f.Name},
		}
		for i := range events {
			if time.Since(begun) > matchWithin {
				return nil, fault.Unavailable("The log group %s has subscribers whose pattern takes longer than %v for these events. Put the pattern of the subscription filter %s more simply.", group, matchWithin, f.Name)
			}
			if e := &events[i]; f.pattern.Match(e.Text) {
				p.LogEvents = append(p.LogEvents, logEvent{EventID(e), e.Time, string(e.Text)})
			}
		}
		if err := o.add(f, &p, p.LogEvents); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// Subscribed says whether a group has subscribers, as a transaction sees it.
func (s *Service) Subscribed(tx store.Tx, at access.Place, number uint64) bool {
	return s.subscriptions.In(tx).Count(at, of(number)) > 0
}

// matchWithin is how long it may take to see which events subscribers want: whoever
// writes waits for it.
const matchWithin = 5 * time.Second

// Cost is what it takes to make ready for the subscribers of a group what they are to
// get of events, in bytes: at most, since they may want all of them.
func (s *Service) Cost(at access.Place, number uint64, events []blocks.Entry) (n int64) {
	subscribers := int64(s.subscriptions.Count(at, of(number)))
	if subscribers == 0 {
		return 0
	}
	for i := range events {
		n += int64(len(events[i].Text)) + eventCost
	}
	return 4 * subscribers * n
}

// eventCost is about what an event takes beside its text.
const eventCost = 256

// add makes messages of events, as few as may be.
func (o *Owed) add(f *Subscription, p *payload, events []logEvent) error {
	if len(events) == 0 {
		return nil
	}
	p.LogEvents = events
	body, err := p.message()
	if err != nil {
		return err
	}
	if half := len(events) / 2; len(body) > mostMessage && half > 0 {
		if err := o.add(f, p, events[:half]); err != nil {
			return err
		}
		return o.add(f, p, events[half:])
	}
	o.messages = append(o.messages, message{Message{events[0].ID, body, f.Lane}, f.Name})
	return nil
}

// Owe writes the messages down in the transaction that keeps the events.
func (o *Owed) Owe(tx store.Tx) (err error) {
	if o == nil {
		return nil
	}
	var owed []Message
	for i := range o.messages {
		m := &o.messages[i]
		// A filter that was replaced meanwhile has another lane, and one that was
		// deleted is owed nothing any more.
		if f := o.service.subscriptions.In(tx).Find(keyOf(o.at, o.number, m.filter)); f != nil {
			m.Lane = f.Lane
			owed = append(owed, m.Message)
		}
	}
	if len(owed) == 0 {
		return nil
	}
	o.start, err = o.service.opt.Outbox.Owe(tx, o.group, owed)
	return err
}

// Start has the messages sent, once the transaction has committed.
func (o *Owed) Start() {
	if o != nil && o.start != nil {
		o.start()
	}
}

// EventID is what an event is called everywhere.
func EventID(e *blocks.Entry) string { return fmt.Sprintf("%036d%020d", e.Time, e.Number) }

// A payload is what a message says, before it is packed.
type payload struct {
	MessageType         string     `json:"messageType"`
	Owner               string     `json:"owner"`
	LogGroup            string     `json:"logGroup"`
	LogStream           string     `json:"logStream"`
	SubscriptionFilters []string   `json:"subscriptionFilters"`
	LogEvents           []logEvent `json:"logEvents"`
}

type logEvent struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// zips are writers, each of which holds much memory.
var zips = sync.Pool{New: func() any {
	zip, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // which fails for an unknown level only
	return zip
}}

// message packs a payload as functions get it at AWS.
func (p *payload) message() ([]byte, error) {
	var packed bytes.Buffer
	zip := zips.Get().(*gzip.Writer)
	defer zips.Put(zip)
	zip.Reset(&packed)
	text := json.NewEncoder(zip)
	text.SetEscapeHTML(false)
	if err := text.Encode(p); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	body := append(make([]byte, 0, base64.StdEncoding.EncodedLen(packed.Len())+32), `{"awslogs":{"data":"`...)
	body = base64.StdEncoding.AppendEncode(body, packed.Bytes())
	return append(body, `"}}`...), nil
}
