package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/console"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/destination"
	"github.com/dari-bus/dari/internal/door"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/eventsapi"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/room/identity"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/watch"
	"github.com/dari-bus/dari/internal/wire"
)

// An App is one server.
type App struct {
	opt      Options
	store    store.Store
	listener *door.Listener
	front    *front
	server   *http.Server
	registry *prometheus.Registry
	feed     *watch.Feed
	// stopWithin is how long calls may take to end when the server stops, and how
	// long the other parts may take when the store has failed.
	stopWithin time.Duration

	client       *outbound.Client
	identities   *identity.Service
	queues       *queue.Service
	destinations *destination.Service
	outbox       *delivery.Outbox
	buses        *bus.Service
}

// Open opens the store and the rooms and begins to listen. Nothing is served
// or delivered before Run.
func Open(ctx context.Context, opt Options) (*App, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	a := &App{opt: opt, registry: prometheus.NewRegistry(), feed: watch.NewFeed(feedSize), stopWithin: 10 * time.Second}
	var err error
	if a.store, err = a.openStore(); err != nil {
		return nil, err
	}
	if err := a.openRooms(ctx); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	listener, err := net.Listen("tcp", opt.Listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %s: %w", opt.Listen, err), a.store.Close())
	}
	a.listener = door.Listen(listener, door.Limit(opt.memory.Total()))
	h, err := a.handler()
	if err != nil {
		return nil, errors.Join(err, a.listener.Close(), a.store.Close())
	}
	a.front, a.server = h, newServer(h, a.listener, opt.Log)
	return a, nil
}

// feedSize is how many records a reader of the live feed may be behind.
const feedSize = 1024

// metricsAtOnce is how many may read the metrics at a time.
const metricsAtOnce = 8

func (a *App) openStore() (store.Store, error) {
	if a.opt.Ephemeral {
		return mem.New(), nil
	}
	// Half as many as callers may have connections: see newClient for the rest.
	tables := min(256, door.Limit(a.opt.memory.Total())/2)
	return disk.Open(disk.Options{Dir: a.opt.Data, Log: a.opt.Log, MaxFiles: tables})
}

// openRooms opens everything that stands on the store and joins it.
func (a *App) openRooms(ctx context.Context) (err error) {
	limits := bus.DefaultLimits()
	if a.opt.Limits == "none" {
		limits = bus.NoLimits()
	}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	hooks := watch.Tee(watch.Log(a.opt.Log), watch.Metrics(a.registry), a.feed.Hooks())

	guard := access.Boundary{ServicesNeedPolicy: a.opt.EnforcePolicies}
	if a.identities, err = identity.Open(ctx, identity.Options{}); err != nil {
		return err
	}
	if a.queues, err = queue.Open(ctx, queue.Options{Store: a.store, Guard: guard, Log: a.opt.Log}); err != nil {
		return err
	}
	a.client = a.newClient()
	if a.destinations, err = destination.Open(ctx, destination.Options{Store: a.store, Client: a.client, HTTPSOnly: a.opt.HTTPSOnly}); err != nil {
		return err
	}
	a.outbox, err = delivery.Open(ctx, delivery.Options{
		Store: a.store, Owners: map[string]delivery.Owner{bus.OwnerKind: bus.Owner(a.sinks(a.client), a.queues)},
		Hooks: hooks, Log: a.opt.Log, MaxDead: a.opt.MaxDead, MaxDeadBytes: a.opt.maxDeadBytes,
		Memory: a.opt.memory.Share(memoryDeliveries), Renderings: a.opt.memory.Share(memoryRenderings),
	})
	if err != nil {
		return err
	}
	watch.Gauges(a.registry, func() float64 { return float64(a.outbox.Waiting()) }, func() float64 { return float64(a.outbox.Dead().Count()) })
	a.buses, err = bus.Open(ctx, bus.Options{
		Store: a.store, Outbox: a.outbox, Hooks: hooks, Guard: guard, Limits: limits, CheckTarget: a.checkTarget,
	})
	return err
}

// sinks is where each kind of target meets the room that takes it.
func (a *App) sinks(client *outbound.Client) target.Registry {
	return target.Registry{
		"sqs": target.Queue(func(ctx context.Context, q arn.ARN, m target.QueueMessage) error {
			from, err := access.Service(access.Events, m.Rule)
			if err != nil {
				return err
			}
			return a.queues.Deliver(ctx, q, queue.Mail{Body: m.Body, Group: m.Group, Trace: m.Trace, From: from})
		}),
		"events/api-destination": target.APIDestination(a.destinations, client),
		"events/event-bus": target.Bus(func(ctx context.Context, b arn.ARN, d *target.Delivery) error {
			return a.buses.Forward(ctx, b, d)
		}),
	}
}

// checkTarget says whether a target that must exist does, for rules of a place.
func (a *App) checkTarget(from access.Place, t arn.ARN) error {
	if target.Kind(t) == "events/api-destination" {
		return a.destinations.Exists(from, t)
	}
	return nil
}

// services are the AWS APIs on the port.
func (a *App) services() []*wire.Service {
	return []*wire.Service{eventsapi.API(a.buses, a.destinations), queue.API(a.queues), identity.API(a.identities)}
}

// handler joins the AWS APIs and what is dari's own.
func (a *App) handler() (*front, error) {
	host, err := a.opt.publicHost(a.listener.Addr())
	if err != nil {
		return nil, err
	}
	guard, err := door.New(door.Options{Host: host, Origins: a.opt.origins(), Keyed: a.opt.keys != nil})
	if err != nil {
		return nil, settingError{"origins", err.Error()}
	}
	count := watch.Calls(a.registry)
	aws, err := wire.NewHandler(wire.Options{
		Services: a.services(), Region: a.opt.Region, Account: a.opt.Account, Host: host,
		Keys: a.opt.keys, Known: door.Known, Log: a.opt.Log,
		Bodies:  a.listener.Bodies(a.opt.memory.Share(memoryRequests)),
		Answers: a.opt.memory.Share(memoryAnswers),
		After:   func(_ context.Context, c *wire.Call) { count(c.Service, c.Operation, c.Code, c.Duration) },
	})
	if err != nil {
		return nil, err
	}
	own := console.New(console.Options{
		Feed:      a.feed,
		Metrics:   promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{MaxRequestsInFlight: metricsAtOnce}),
		Memory:    a.opt.memory.Share(memoryAnswers),
		Dead:      a.dead,
		PushedOut: a.outbox.Dead().PushedOut,
		Allow:     a.allow,
		Host:      host, Region: a.opt.Region, Account: a.opt.Account,
	})
	return &front{guard: guard, own: own, aws: aws, need: door.Need{Methods: aws.Methods(), Acts: true}}, nil
}

// home is the place of callers who name none.
func (a *App) home() access.Place {
	return access.Place{Account: a.opt.Account, Region: a.opt.Region}
}

// dead yields the dead deliveries of an account. The console has taken the
// memory that they need.
func (a *App) dead(ctx context.Context, account, after string) (iter.Seq2[any, error], error) {
	each, err := a.outbox.Dead().Read(ctx, account, after)
	if err != nil {
		return nil, err
	}
	return func(yield func(any, error) bool) {
		for d, err := range each {
			if !yield(d, err) {
				return
			}
		}
	}, nil
}

// allow lets whoever may call the AWS APIs see what happens to the events of the
// own account. Without keys an account is what one says it is, by the query's
// account as well.
func (a *App) allow(r *http.Request) (account string, err error) {
	c, err := signature.Verify(r, nil, "dari", a.opt.keys, a.home(), time.Now())
	if err != nil {
		return "", err
	}
	door.Known(r.Context())
	if other := r.URL.Query().Get("account"); a.opt.keys == nil && other != "" {
		return other, nil
	}
	return c.Account, nil
}

func (a *App) url() string { return "http://" + a.listener.Addr().String() }

// URL is the address that the server listens on, as clients on this machine use it.
func (a *App) URL() string { return a.url() }

// Feed is the live feed of what happens to events.
func (a *App) Feed() *watch.Feed { return a.feed }

// Emit puts an event of the house's own on the default bus of its place: unlike
// PutEvents, it may have a source that begins with "aws.".
func (a *App) Emit(ctx context.Context, e event.Entry) (id string, err error) {
	return a.buses.Emit(ctx, access.Caller{Place: a.home()}, e)
}

func (a *App) place() string {
	if a.opt.Ephemeral {
		return "in memory"
	}
	return a.opt.Data
}
