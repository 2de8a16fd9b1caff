package trail

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/trail/history"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// A Query says which records of a place are looked up.
type Query struct {
	// Attribute is what they are looked up by, such as EventName, and Value what it
	// is; "" for all.
	Attribute, Value string
	// From and To bound their times, both inclusive; zero is no bound.
	From, To time.Time
	// Max is how many are wanted at most, and Token where to go on.
	Max   int
	Token string
}

// A Row is a record that was looked up.
type Row struct {
	Record
	// Time is when the call ended.
	Time time.Time
	// Username is who called, and Resources what the call is about.
	Username  string
	Resources []Resource
	// Text is the record as it is kept.
	Text string
}

// attributes are what records are looked up by. A row has the value or has not.
var attributes = map[string]func(r *Row, value string) bool{
	"EventId":     func(r *Row, value string) bool { return r.EventID == value },
	"EventName":   func(r *Row, value string) bool { return r.EventName == value },
	"ReadOnly":    func(r *Row, value string) bool { return strconv.FormatBool(r.ReadOnly) == value },
	"Username":    func(r *Row, value string) bool { return r.Username == value },
	"EventSource": func(r *Row, value string) bool { return r.EventSource == value },
	"AccessKeyId": func(r *Row, value string) bool { return r.UserIdentity.AccessKeyID == value },
	"ResourceType": func(r *Row, value string) bool {
		return slices.ContainsFunc(r.Resources, func(n Resource) bool { return n.Type == value })
	},
	"ResourceName": func(r *Row, value string) bool {
		return slices.ContainsFunc(r.Resources, func(n Resource) bool { return n.Name == value })
	},
}

// The bounds of a page: the texts of its records, in bytes, and how long it may take.
const (
	maxPageBytes = 1 << 20
	pageWithin   = 10 * time.Second
)

// Lookup returns a page of the records of the caller's place, the newest first, and
// the token of the next page, which is "" when there is none. A page may have less
// than it may hold, or nothing, although there are more.
func (s *Service) Lookup(ctx context.Context, by access.Caller, q Query) (rows []Row, next string, err error) {
	if err := s.opt.Guard.Allow(access.Own(by, "cloudtrail:LookupEvents", "*")); err != nil {
		return nil, "", err
	}
	search, p, err := s.search(by.Place, &q)
	if err != nil {
		return nil, "", err
	}
	found, err := s.history.Read(ctx, by.Place, search, p)
	if err != nil {
		return nil, "", err
	}
	for i := range slices.Backward(found.Entries) {
		row, err := readRow(found.Entries[i].Text)
		if err != nil {
			return nil, "", fmt.Errorf("read a record of %s in %s: %w", by.Account, by.Region, err)
		}
		rows = append(rows, row)
	}
	if found.More {
		next = page.Encode(fmt.Sprintf("%s%d/%d", tokenOf(by.Place), found.Reached.Time, found.Reached.Number))
	}
	return rows, next, nil
}

// tokenOf is what the tokens of a place begin with, which are no others' tokens.
func tokenOf(at access.Place) string { return at.Account + "/" + at.Region + "/" }

// search is a query of a place and its page as the blocks are asked for them.
func (s *Service) search(of access.Place, q *Query) (blocks.Query, blocks.Page, error) {
	b := blocks.Query{From: time.Now().Add(-history.KeptFor).UnixMilli(), To: math.MaxInt64 / 2}
	p := blocks.Page{Backward: true, Max: q.Max, MaxBytes: maxPageBytes, Within: pageWithin}
	if !q.From.IsZero() {
		b.From = max(b.From, q.From.UnixMilli())
	}
	if !q.To.IsZero() {
		b.To = q.To.Add(time.Second - time.Millisecond).UnixMilli() // records are told apart by the second
	}
	if q.Token != "" {
		text, err := page.Decode(q.Token)
		at := &blocks.Position{}
		reached, own := strings.CutPrefix(text, tokenOf(of))
		if err == nil {
			_, err = fmt.Sscanf(reached, "%d/%d", &at.Time, &at.Number)
		}
		if err != nil || !own {
			return b, p, fault.Invalid("The NextToken is none that LookupEvents has given.")
		}
		p.After = at
	}
	if q.Attribute == "" {
		return b, p, nil
	}
	has := attributes[q.Attribute]
	if has == nil {
		return b, p, fault.Invalid("%q is no attribute that events are looked up by.", q.Attribute)
	}
	if q.Attribute != "ResourceType" && q.Attribute != "ReadOnly" && isPlain(q.Value) {
		b.Holds = [][]byte{[]byte(q.Value)}
	}
	b.Match = func(_ uint64, e *blocks.Entry) bool {
		row, err := readRow(e.Text)
		return err == nil && has(&row, q.Value)
	}
	return b, p, nil
}

// isPlain says whether a text is in a record as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// readRow reads a record as it is kept.
func readRow(text []byte) (row Row, err error) {
	if err := json.Unmarshal(text, &row.Record); err != nil {
		return row, err
	}
	if row.Time, err = row.time(); err != nil {
		return row, err
	}
	row.Text, row.Username, row.Resources = string(text), row.UserIdentity.name(), row.resources()
	return row, nil
}

// placeOf says whose record a text is, nobody's when it is none.
func placeOf(text []byte) access.Place {
	var r Record
	_ = json.Unmarshal(text, &r) // what is no record is nobody's
	return r.place()
}
