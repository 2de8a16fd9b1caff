package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
)

type putEntry struct {
	Source, DetailType, Detail string
	EventBusName               string   `json:",omitempty"`
	Resources                  []string `json:",omitempty"`
}

type putAnswer struct {
	Entries []struct{ EventId, ErrorCode, ErrorMessage string }
}

func put(ctx context.Context, fs *flag.FlagSet, args []string, s streams) error {
	var c client
	var e putEntry
	c.register(fs)
	fs.StringVar(&e.Source, "source", "dari.cli", "source of the event")
	fs.StringVar(&e.DetailType, "detail-type", "dari put", "detail-type of the event")
	fs.StringVar(&e.EventBusName, "bus", "default", "`name` or ARN of the event bus")
	fs.Func("resource", "an `ARN` for the event's resources; may be given many times", func(v string) error {
		e.Resources = append(e.Resources, v)
		return nil
	})
	if err := parse(fs, args); err != nil {
		return err
	}
	switch detail := fs.Args(); {
	case len(detail) == 0:
		e.Detail = "{}"
	case len(detail) > 1:
		return usageError{fmt.Sprintf("one DETAIL, not %d: quote it, as in '{\"a\": 1}'", len(detail))}
	case detail[0] == "-":
		b, err := io.ReadAll(s.in)
		if err != nil {
			return err
		}
		e.Detail = strings.TrimSpace(string(b))
	default:
		e.Detail = detail[0]
	}
	var out putAnswer
	if err := c.events(ctx, "PutEvents", map[string]any{"Entries": []putEntry{e}}, &out); err != nil {
		return err
	}
	if len(out.Entries) != 1 {
		return fmt.Errorf("the server answered for %d events, want 1", len(out.Entries))
	}
	if r := out.Entries[0]; r.ErrorCode != "" {
		return fmt.Errorf("%s: %s", r.ErrorCode, r.ErrorMessage)
	}
	fmt.Fprintln(s.out, out.Entries[0].EventId)
	return nil
}
