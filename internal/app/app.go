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
	"github.com/dari-bus/dari/internal/buslog"
	"github.com/dari-bus/dari/internal/console"
	"github.com/dari-bus/dari/internal/door"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/disk"
	"github.com/dari-bus/dari/internal/store/mem"
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

	client *outbound.Client
	guard  access.Guard
	hooks  watch.Hooks
	busLog *buslog.Log
	box    box
	*rooms
}

// Open opens the store and the rooms and begins to listen. Nothing is served
// or delivered before Run.
func Open(ctx context.Context, opt Options) (*App, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	a := &App{opt: opt, registry: prometheus.NewRegistry(), feed: watch.NewFeed(feedSize), stopWithin: 10 * time.Second}
	a.observe()
	a.client = a.newClient()
	a.box.opt = &a.opt
	a.guard = access.Boundary{ServicesNeedPolicy: opt.EnforcePolicies || opt.EnforceIAM, NoRoots: opt.EnforceIAM && opt.keys == nil}
	var err error
	if a.store, err = a.openStore(); err != nil {
		return nil, err
	}
	if a.rooms, err = a.openRooms(ctx); err != nil {
		return nil, errors.Join(err, a.store.Close())
	}
	if opt.Sandbox == "require" {
		if err := a.box.prepare(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("-sandbox=require: %w", err), a.store.Close())
		}
	}
	if opt.EnforceIAM && opt.keys == nil && a.identities.Look().Keys == 0 {
		return nil, errors.Join(errNobody, a.store.Close())
	}
	watch.Gauges(a.registry, func() float64 { return float64(a.outbox.Waiting()) }, func() float64 { return float64(a.outbox.Dead().Count()) })
	watch.Trail(a.registry, a.trail.Lost, a.trail.PushedOut)
	watch.BusLogs(a.registry, a.busLog.Dropped)
	watch.StageLogs(a.registry, a.stageLogs.Dropped)
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

// observe begins to count and to log what happens.
func (a *App) observe() {
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.busLog = a.newBusLog()
	a.hooks = watch.Tee(watch.Log(a.opt.Log), watch.Metrics(a.registry), a.busLog.Hooks(), a.feed.Hooks())
}

// errNobody is for a server that would let nobody do anything.
var errNobody = settingError{"enforce-iam", "nobody could do anything: no access keys are set, and no user has one.\n" +
	"Set -access-key and -secret-key, which are the root of -account, or start once without -enforce-iam and make a user with a key"}

func (a *App) openStore() (store.Store, error) {
	if a.opt.Ephemeral {
		return mem.New(), nil
	}
	// Half as many as callers may have connections: see newClient for the rest.
	tables := min(256, door.Limit(a.opt.memory.Total())/2)
	// Most records die within seconds: the longer they stay in memory, the fewer are
	// ever written to a table.
	portion := min(max(a.opt.memory.Total()/32, 4<<20), 16<<20)
	return disk.Open(disk.Options{Dir: a.opt.Data, Log: a.opt.Log, MaxFiles: tables, MemTableBytes: int(portion)})
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
	bodies := a.listener.Bodies(a.opt.memory.Share(memoryRequests))
	aws, err := wire.NewHandler(wire.Options{
		Services: a.services(), Region: a.opt.Region, Account: a.opt.Account, Host: host,
		Keys: a.credentials(), Open: a.opt.keys == nil, Known: bodies.Known, Log: a.opt.Log,
		Bodies:  bodies,
		Answers: a.opt.memory.Share(memoryAnswers),
		Record:  a.trail.Record,
		After: func(_ context.Context, c *wire.Call) {
			count(c.Service, c.Operation, c.Code, c.Duration)
			a.identities.Used(c.Caller.Caller, c.Service)
		},
	})
	if err != nil {
		return nil, err
	}
	own := console.New(console.Options{
		Feed:      a.feed,
		Metrics:   promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{MaxRequestsInFlight: metricsAtOnce}),
		Checkup:   a.Checkup,
		Memory:    a.opt.memory.Share(memoryAnswers),
		Dead:      a.dead,
		PushedOut: a.outbox.Dead().PushedOut,
		Allow:     a.allow,
		Sandbox:   a.box.level,
		Host:      host, Region: a.opt.Region, Account: a.opt.Account,
	})
	stages := a.stages(bodies)
	return &front{guard: guard, hosts: a.hosts(host, bodies, stages), own: own, aws: aws, stages: stages}, nil
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
	c, err := a.caller(r)
	if err != nil {
		return "", err
	}
	if err := a.identities.Allow(access.Own(c, "dari:Watch", c.ARN("dari", "events").String())); err != nil {
		return "", err
	}
	door.Known(r.Context())
	if other := r.URL.Query().Get("account"); a.opt.keys == nil && c.Identity == nil && other != "" {
		return other, nil
	}
	return c.Account, nil
}

func (a *App) url() string { return "http://" + a.listener.Addr().String() }

// URL is the address that the server listens on, as clients on this machine use it.
func (a *App) URL() string { return a.url() }

// Feed is the live feed of what happens to events.
func (a *App) Feed() *watch.Feed { return a.feed }

func (a *App) place() string {
	if a.opt.Ephemeral {
		return "in memory"
	}
	return a.opt.Data
}
