package event

import (
	"strings"

	"github.com/dari-bus/dari/internal/fault"
)

// Check says what is wrong with an entry by itself, in the words of PutEvents:
// a fault with the code InvalidArgument or MalformedDetail, or nil. It reports
// the first mistake in the order Source, DetailType, Detail, Time.
//
// [New] makes the same checks; Check is for those who do not build the event.
func Check(e Entry) error {
	if err := checkMembers(e); err != nil {
		return err
	}
	if _, _, ok := minify([]byte(e.Detail)); !ok {
		return malformed()
	}
	return nil
}

// CheckSource refuses the sources that are kept for the services themselves,
// with the code NotAuthorizedForSourceException. It is apart from [Check]
// because dari's own rooms do emit events with such sources. In capitals they are
// kept as well: a pattern may have equals-ignore-case.
func CheckSource(source string) error {
	const kept = "aws."
	if len(source) >= len(kept) && strings.EqualFold(source[:len(kept)], kept) {
		return fault.Denied("Not authorized for the source.").WithCode("NotAuthorizedForSourceException")
	}
	return nil
}

// Size returns the bytes that an entry counts towards the limit on a request:
// source, detail type, detail as handed in, resources, and 14 for a time.
func Size(e Entry) int {
	n := len(e.Source) + len(e.DetailType) + len(e.Detail)
	for _, r := range e.Resources {
		n += len(r)
	}
	if !e.Time.IsZero() {
		n += 14
	}
	return n
}

// checkMembers checks everything but the text of the detail.
func checkMembers(e Entry) error {
	switch {
	case e.Source == "":
		return missing("Source")
	case e.DetailType == "":
		return missing("DetailType")
	case e.Detail == "":
		return missing("Detail")
	case e.Time.UTC().Year() < 0 || e.Time.UTC().Year() > 9999:
		// Most often milliseconds that were given as seconds.
		return fault.Invalid("Parameter Time is not valid. Reason: Time is beyond the year 9999; it is counted in seconds.").
			WithCode("InvalidArgument")
	}
	return nil
}

func missing(member string) error {
	return fault.Invalid("Parameter %s is not valid. Reason: %[1]s is a required argument.", member).
		WithCode("InvalidArgument")
}

func malformed() error {
	return fault.Invalid("Detail is malformed.").WithCode("MalformedDetail")
}
