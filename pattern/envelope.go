package pattern

import (
	"time"
	"unicode/utf8"
)

// An Envelope is an event whose outer fields are at hand, so that they can be
// looked at before the detail is. It stands for the JSON object that has these
// fields; those that are empty are not there.
type Envelope struct {
	ID, DetailType, Source, Account, Region, Version string
	// Time is compared as text, in whole seconds UTC: 2006-01-02T15:04:05Z.
	Time      time.Time
	Resources []string

	// Detail is the text of the field "detail", a JSON object.
	Detail []byte
	// Facts is what is known about Detail.
	Facts Facts
}

const envelopeFields = 8

var envelopeNames = [envelopeFields]string{"id", "detail-type", "source", "account", "region", "version", "time", "resources"}

// MatchEnvelope is [Set.Match] for an event whose outer fields are known. If
// no pattern wants an event with such fields, and the detail is known to be
// valid, the detail is not read.
func (s *Set[ID]) MatchEnvelope(event *Envelope, dst []ID) ([]ID, error) {
	facts := event.Facts
	if facts&Valid == 0 && event.Detail != nil {
		var err error
		if facts, err = Check(event.Detail); err != nil {
			return dst, err
		}
	} else if len(event.Detail) > maxEvent {
		return dst, tooLong
	}
	sh := sheets.Get().(*sheet)
	snap := s.now.Load()
	sh.start(snap)
	sh.limited = true
	sh.open.reset()
	sh.outside(event)
	wanted := sh.openGates() || snap.ungated > 0
	if n := snap.detail; wanted && n != nil && len(event.Detail) > 0 {
		sh.bytes, sh.unique = event.Detail, facts&UniqueKeys != 0
		sh.value(n, skipSpace(event.Detail, 0), 0, 1, false, true)
	}
	dst, err := collect(sh, dst)
	sh.done()
	sheets.Put(sh)
	return dst, err
}

// outside takes in the outer fields of an event.
func (s *sheet) outside(e *Envelope) {
	for i, text := range [...]string{e.ID, e.DetailType, e.Source, e.Account, e.Region, e.Version} {
		if n := s.snap.envelope[i]; n != nil && n.field != nil && text != "" {
			s.quoted(n.field, text)
		}
	}
	if n := s.snap.envelope[6]; n != nil && n.field != nil && !e.Time.IsZero() {
		from := len(s.decoded)
		s.decoded = append(s.decoded, '"')
		s.decoded = e.Time.UTC().AppendFormat(s.decoded, "2006-01-02T15:04:05Z")
		s.decoded = append(s.decoded, '"')
		s.scalar(n.field, from, len(s.decoded), true, 0)
	}
	if n := s.snap.envelope[7]; n != nil && n.field != nil {
		for _, text := range e.Resources {
			s.quoted(n.field, text)
		}
	}
}

// quoted takes in a text with quotes around it, as text in JSON would be read:
// bytes that are not UTF-8 become U+FFFD.
func (s *sheet) quoted(f *field, text string) {
	from := len(s.decoded)
	s.decoded = append(s.decoded, '"')
	if utf8.ValidString(text) {
		s.decoded = append(s.decoded, text...)
	} else {
		for _, r := range text {
			s.decoded = utf8.AppendRune(s.decoded, r)
		}
	}
	s.decoded = append(s.decoded, '"')
	s.scalar(f, from, len(s.decoded), true, 0)
}

// openGates opens the gates whose conditions hold and says whether any does.
func (s *sheet) openGates() bool {
	opened := false
	for _, a := range s.candidates {
		if a.rest.opens == 0 {
			continue
		}
		// Nothing outside the detail lies in an array of objects, so there is
		// nothing to search.
		if ok, _ := s.decide(a); ok {
			*s.open.at(a.rest.opens) = 1
			opened = true
		}
	}
	return opened
}
