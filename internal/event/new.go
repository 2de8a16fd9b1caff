package event

import (
	"time"

	"github.com/dari-bus/dari/internal/quote"
)

// New builds the envelope of an entry that arrived with stamp. It refuses what
// [Check] refuses, with the same faults; it does not look at whose the source
// is. The event shares e.Resources.
//
// The time is cut to whole seconds. Bytes that are not UTF-8 in the source,
// the detail type or a resource become U+FFFD in the JSON; in the detail they
// are a mistake.
func New(e Entry, stamp Stamp) (*Event, error) {
	if err := checkMembers(e); err != nil {
		return nil, err
	}
	at := e.Time
	if at.IsZero() {
		at = stamp.Now
	}
	at = time.Unix(at.Unix(), 0).UTC()

	b := make([]byte, 0, envelopeSize(e, stamp))
	b = append(b, `{"version":"0","id":`...)
	b = quote.JSON(b, stamp.ID)
	b = append(b, `,"detail-type":`...)
	b = quote.JSON(b, e.DetailType)
	b = append(b, `,"source":`...)
	b = quote.JSON(b, e.Source)
	b = append(b, `,"account":`...)
	b = quote.JSON(b, stamp.Account)
	b = append(b, `,"time":"`...)
	b = at.AppendFormat(b, "2006-01-02T15:04:05Z")
	b = append(b, `","region":`...)
	b = quote.JSON(b, stamp.Region)
	b = append(b, `,"resources":[`...)
	for i, r := range e.Resources {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote.JSON(b, r)
	}
	b = append(b, `],"detail":`...)

	// The detail is copied as it came and loses its white space where it lies.
	from := len(b)
	b = append(b, e.Detail...)
	n, unique, ok := minify(b[from:])
	if !ok {
		return nil, malformed()
	}
	b = append(b[:from+n], '}')

	ev := &Event{
		ID: stamp.ID, DetailType: e.DetailType, Source: e.Source,
		Account: stamp.Account, Region: stamp.Region, Time: at,
		JSON: b, Detail: b[from : from+n : from+n], UniqueKeys: unique,
	}
	if len(e.Resources) > 0 {
		ev.Resources = e.Resources
	}
	return ev, nil
}

// envelopeSize is the length of the JSON when nothing in it needs an escape
// and the detail has no white space to lose.
func envelopeSize(e Entry, stamp Stamp) int {
	n := len(`{"version":"0","id":"","detail-type":"","source":"","account":"","time":"2006-01-02T15:04:05Z","region":"","resources":[],"detail":}`)
	n += len(stamp.ID) + len(e.DetailType) + len(e.Source) + len(stamp.Account) + len(stamp.Region) + len(e.Detail)
	for _, r := range e.Resources {
		n += len(r) + len(`"",`)
	}
	return n
}
