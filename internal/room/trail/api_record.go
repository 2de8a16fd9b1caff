package trail

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire"
)

// Record keeps the record of a call. It is for [wire.Options.Record].
func (s *Service) Record(ctx context.Context, c *wire.Call) {
	if c.Data && !s.trails.WantData(c.Caller.Place) || s.opt.IdentitiesOnly && c.Caller.Identity == nil {
		return
	}
	r := recordOf(c, time.Now())
	all := []*Record{r}
	if owner := r.owner(); owner != "" {
		r.SharedEventID = uuid.NewString()
		all = append(all, r.forOwner(owner, uuid.NewString()))
	}
	for _, r := range all {
		if err := s.Keep(ctx, r); err != nil {
			s.lose(r, err)
		}
	}
}

// recordOf makes the record of a call that ends now.
func recordOf(c *wire.Call, now time.Time) *Record {
	r := &Record{
		EventVersion: eventVersion, UserIdentity: identityOf(&c.Caller.Caller), EventTime: now.UTC().Format(timeLayout),
		EventSource: c.Service + ".amazonaws.com", EventName: c.Recorded, AWSRegion: c.Caller.Region,
		SourceIPAddress: c.Caller.SourceIP, UserAgent: cut(c.Caller.UserAgent),
		RequestParameters: c.RequestParameters(), ResponseElements: c.ResponseElements(),
		RequestID: c.Caller.RequestID, EventID: uuid.NewString(), ReadOnly: c.ReadOnly, EventType: apiCall,
		ManagementEvent: !c.Data, RecipientAccountID: c.Caller.Account, EventCategory: "Management",
		TLSDetails: &TLSDetails{cut(c.HostHeader())},
	}
	if c.Service == "iam" {
		r.AWSRegion = "us-east-1" // where the records of what has no region are
	}
	if c.Data {
		r.EventCategory, r.Touched = "Data", r.touched()
	}
	if c.Err != nil {
		r.ErrorCode, r.ErrorMessage = c.Code, cut(c.ErrorMessage())
		if c.Err.Kind == fault.KindDenied {
			r.ErrorCode, r.RequestParameters = "AccessDenied", []byte("null")
		}
	}
	return r
}

// cut bounds a text that others chose.
func cut(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.ToValidUTF8(s, "")
}
