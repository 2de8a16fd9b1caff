package app

import (
	"context"
	"maps"
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/bus"
	"github.com/dari-bus/dari/internal/delivery"
	"github.com/dari-bus/dari/internal/destination"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/eventsapi"
	"github.com/dari-bus/dari/internal/room/build"
	"github.com/dari-bus/dari/internal/room/function"
	"github.com/dari-bus/dari/internal/room/identity"
	"github.com/dari-bus/dari/internal/room/identity/sts"
	"github.com/dari-bus/dari/internal/room/logs"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/room/queue/sqs"
	"github.com/dari-bus/dari/internal/room/restapi"
	"github.com/dari-bus/dari/internal/room/restapi/serve"
	"github.com/dari-bus/dari/internal/room/trail"
	"github.com/dari-bus/dari/internal/target"
	"github.com/dari-bus/dari/internal/wire"
)

// rooms are what stands on a store, opened and joined. When those that run have
// ended, the store may be closed, or the rooms opened on it once more.
type rooms struct {
	identities   *identity.Service
	queues       *queue.Service
	logs         *logs.Service
	destinations *destination.Service
	outbox       *delivery.Outbox
	buses        *bus.Service
	builds       *build.Service
	functions    *function.Service
	restAPIs     *restapi.Service
	stageLogs    *serve.Logs
	trail        *trail.Service
	all          []room
}

// A room is what the roof knows of one. Each member may be nil.
type room struct {
	// api is the AWS API that the room serves.
	api *wire.Service
	// sinks are the kinds of targets that it takes.
	sinks target.Registry
	// run is what it does by itself until its context ends.
	run func(context.Context) error
}

// openRooms opens everything that stands on the store and joins it.
func (a *App) openRooms(ctx context.Context) (*rooms, error) {
	r := &rooms{}
	identities, err := a.openIdentities(ctx, r)
	if err != nil {
		return r, err
	}
	r.all = append(r.all, identities)
	for _, open := range []func(context.Context, *rooms, access.Guard) (room, error){
		a.openTokens,
		a.openQueues,
		a.openDestinations,
		a.openOutbox, // whoever owes deliveries comes after it
		a.openLogs,
		a.openFunctions,
		a.openBuses,
		a.openBuilds, // which have news for the buses, too
		a.openRestAPIs,
		a.openTrail, // which has news for the buses
	} {
		room, err := open(ctx, r, r.identities)
		if err != nil {
			return r, err
		}
		r.all = append(r.all, room)
	}
	return r, nil
}

// openIdentities opens what guards all other rooms.
func (a *App) openIdentities(ctx context.Context, r *rooms) (room, error) {
	var err error
	r.identities, err = identity.Open(ctx, identity.Options{
		Store: a.store, Guard: a.guard, Verified: a.opt.keys != nil || a.opt.EnforceIAM, Strict: a.opt.EnforceIAM,
		Configured: a.opt.configured,
	})
	if err != nil {
		return room{}, err
	}
	return room{api: identity.API(r.identities), run: r.identities.Run}, nil
}

func (a *App) openTokens(_ context.Context, r *rooms, _ access.Guard) (room, error) {
	return room{api: sts.API(r.identities.Directory)}, nil
}

func (a *App) openQueues(ctx context.Context, r *rooms, guard access.Guard) (room, error) {
	var err error
	if r.queues, err = queue.Open(ctx, queue.Options{Store: a.store, Guard: guard, Log: a.opt.Log}); err != nil {
		return room{}, err
	}
	return room{api: sqs.API(r.queues), sinks: target.Registry{"sqs": queueSink(r.queues)}, run: r.queues.Run}, nil
}

func (a *App) openLogs(ctx context.Context, r *rooms, guard access.Guard) (room, error) {
	var err error
	r.logs, err = logs.Open(ctx, logs.Options{
		Store: a.store, Guard: guard, Memory: a.opt.memory.Share(memoryLogs), Ingest: a.opt.memory.Share(memoryIngest), Answers: a.opt.memory.Share(memoryAnswers), Log: a.opt.Log, Outbox: subscribers{r.outbox, r.queues},
	})
	if err != nil {
		return room{}, err
	}
	return room{api: logs.API(r.logs), run: r.logs.Run}, nil
}

func (a *App) openDestinations(ctx context.Context, r *rooms, guard access.Guard) (room, error) {
	var err error
	r.destinations, err = destination.Open(ctx, destination.Options{Store: a.store, Guard: guard, Client: a.client, HTTPSOnly: a.opt.HTTPSOnly})
	if err != nil {
		return room{}, err
	}
	sink := target.APIDestination(r.destinations, a.client)
	return room{sinks: target.Registry{"events/api-destination": sink}, run: r.destinations.Run}, nil
}

// openOutbox opens the outbox, which must know where each kind of target leads:
// also to those who owe deliveries themselves and are opened after it.
func (a *App) openOutbox(ctx context.Context, r *rooms, _ access.Guard) (room, error) {
	later := target.Registry{"logs": logsSink(r), "lambda": functionSink(r), "codebuild": projectSink(r), "events/event-bus": target.Bus(func(ctx context.Context, b arn.ARN, d *target.Delivery) error {
		return r.buses.Forward(ctx, b, d)
	})}
	sinks := r.sinks()
	maps.Copy(sinks, later)
	var err error
	r.outbox, err = delivery.Open(ctx, delivery.Options{
		Store: a.store, Owners: map[string]delivery.Owner{
			bus.OwnerKind:  bus.Owner(sinks, deadLetters{r.queues}),
			subscriberKind: subscribersSide(r.queues),
			functionKind:   functionsSide(r),
		},
		Hooks: a.hooks, Log: a.opt.Log, MaxDead: a.opt.MaxDead, MaxDeadBytes: a.opt.maxDeadBytes,
		Memory: a.opt.memory.Share(memoryDeliveries), Renderings: a.opt.memory.Share(memoryRenderings),
	})
	return room{sinks: later}, err
}

func (a *App) openBuses(ctx context.Context, r *rooms, guard access.Guard) (room, error) {
	limits := bus.DefaultLimits()
	if a.opt.Limits == "none" {
		limits = bus.NoLimits()
	}
	var err error
	r.buses, err = bus.Open(ctx, bus.Options{
		Store: a.store, Outbox: r.outbox, Hooks: a.hooks, Guard: guard, Limits: limits, CheckTarget: r.checkTarget,
	})
	if err != nil {
		return room{}, err
	}
	return room{api: eventsapi.API(r.buses, r.destinations)}, nil
}

func (a *App) openTrail(ctx context.Context, r *rooms, guard access.Guard) (room, error) {
	var err error
	r.trail, err = trail.Open(ctx, trail.Options{
		Store: a.store, Guard: guard, Strict: a.opt.TrailStrict, MaxBytes: a.opt.trailBytes,
		IdentitiesOnly: a.opt.EnforceIAM && a.opt.keys == nil,
		Emit:           func(from access.Caller, e event.Entry) (trail.Emission, error) { return r.buses.Prepare(from, e) },
		Act:            r.actForTrail,
		Logs:           trailLogs{r.logs},
		Memory:         a.opt.memory.Share(memoryLogs), Log: a.opt.Log,
	})
	if err != nil {
		return room{}, err
	}
	return room{api: trail.API(r.trail), run: r.trail.Run}, nil
}

// sinks are where each kind of target leads, of the rooms that are open.
func (r *rooms) sinks() target.Registry {
	all := target.Registry{}
	for _, room := range r.all {
		maps.Copy(all, room.sinks)
	}
	return all
}

// checkTarget says whether a target that must exist does, for rules of a place.
func (r *rooms) checkTarget(from access.Place, t arn.ARN) error {
	if target.Kind(t) == "events/api-destination" {
		return r.destinations.Exists(from, t)
	}
	return nil
}

// services are the AWS APIs, EventBridge's first.
func (r *rooms) services() []*wire.Service {
	var all []*wire.Service
	for _, room := range slices.Backward(r.all) {
		if room.api != nil {
			all = append(all, room.api)
		}
	}
	return all
}

// layers are what runs in the rooms, from the top: what stops first leads to what
// stops later.
func (r *rooms) layers() []layer {
	own := layer{name: "rooms"}
	for _, room := range r.all {
		if room.run != nil {
			own.parts = append(own.parts, room.run)
		}
	}
	return []layer{
		{"schedules", []func(context.Context) error{r.buses.Run}},
		{"mappings", []func(context.Context) error{r.functions.Mappings.Run}},
		{"outbox", []func(context.Context) error{r.outbox.Run}},
		own,
	}
}
