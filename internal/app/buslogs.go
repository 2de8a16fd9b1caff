package app

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/buslog"
	"github.com/dari-bus/dari/internal/store/blocks"
	"strings"
)

// Where the log of a bus is, as at AWS unless somebody says otherwise.
const (
	busLogGroup  = "/aws/vendedlogs/events/event-bus/"
	busLogStream = "EventBridgeEventBusLogs"
)

// vendor is the service by which AWS's services write logs.
const vendor = "delivery.logs.amazonaws.com"

// newBusLog returns the log of the buses. It hangs on the tap, and so is there before
// the rooms, which it needs only when something happens.
func (a *App) newBusLog() *buslog.Log {
	return buslog.New(buslog.Options{
		Wants: func(bus string) (buslog.Level, bool) {
			c := a.buses.Logged(bus)
			return buslog.LevelOf(c.Level), c.IncludeDetail == "FULL"
		},
		Write: func(ctx context.Context, bus string, lines []buslog.Line) error {
			from, err := access.Service(vendor, bus)
			if err != nil {
				return err
			}
			b, err := arn.Parse(bus)
			if err != nil {
				return err
			}
			entries := make([]blocks.Entry, len(lines))
			for i, l := range lines {
				entries[i] = blocks.Entry{Time: l.Millis, Text: l.Text}
			}
			return a.logs.Vend(ctx, from, busLogGroup+strings.TrimPrefix(b.Resource, "event-bus/"), busLogStream, entries)
		},
		Log: a.opt.Log,
	})
}
