package spell

import (
	"context"
	"errors"
	"net/http"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/wire"
)

// Caller returns who calls.
func Caller(ctx context.Context) access.Caller { return wire.CallerFrom(ctx).Caller }

// Error spells errors as IAM and STS do.
func Error(err error) (wire.Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return wire.Error{}, false
	}
	e := wire.Error{Code: f.Code, Message: f.Message, Kind: f.Kind}
	switch {
	case f.Kind == fault.KindDenied:
		e.Code = "AccessDenied"
	case f.Kind == fault.KindLimit:
		e.Code, e.Status = "LimitExceeded", http.StatusConflict
	case f.Kind == fault.KindUnavailable:
		e.Code = "Throttling"
	case e.Code == "":
		e.Code = "ValidationError"
	}
	return e, f.Kind != fault.KindInternal
}

// Refused is the fault of a member that is not offered.
func Refused(why string) error { return fault.Invalid("dari: %s", why).WithCode("ValidationError") }

// Tag is a structure of IAM and STS.
type Tag struct {
	Key   *string
	Value *string
}

// The limits of tags, ARNs and documents.
var (
	TagKey   = wire.Limit{Min: 1, Max: 128, Pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`}
	TagValue = wire.Limit{Max: 256, Pattern: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`}
	TagList  = wire.Limit{Max: 50}
	TagKeys  = wire.Limit{Max: 50, Each: &TagKey}
	ARN      = wire.Limit{Min: 20, Max: 2048}
	Document = wire.Limit{Min: 1, Max: 131072, Pattern: `[\u0009\u000A\u000D\u0020-\u00FF]+`}
)

// Required is a limit of what must be there.
func Required(l wire.Limit) wire.Limit {
	l.Required = true
	return l
}

// Tags reads tags.
func Tags(members []Tag) []directory.Tag {
	var tags []directory.Tag
	for _, m := range members {
		tags = append(tags, directory.Tag{Key: wire.Val(m.Key), Value: wire.Val(m.Value)})
	}
	return tags
}

// ShowTags writes tags.
func ShowTags(tags []directory.Tag) []Tag {
	var members []Tag
	for _, t := range tags {
		members = append(members, Tag{&t.Key, &t.Value})
	}
	return members
}

// Page is the part of an input that says which page of a list is wanted.
type Page struct {
	Marker   *string
	MaxItems *int
}

// Asked returns the page.
func (p Page) Asked() Page { return p }

// Listed is the part of an output that says whether the list goes on.
type Listed struct {
	IsTruncated bool
	Marker      string `json:",omitempty"`
}

// More says whether a list goes on, of which next is the token of the next page.
func More(next string) Listed { return Listed{next != "", next} }
