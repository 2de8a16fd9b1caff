package app

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/door"
	functions "github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/room/restapi"
	"github.com/dari-bus/dari/internal/room/restapi/catalog"
	"github.com/dari-bus/dari/internal/room/restapi/serve"
	"github.com/dari-bus/dari/internal/store/blocks"
)

// restAPIRoles are the roles that REST APIs act with.
type restAPIRoles struct{ rooms *rooms }

func (r restAPIRoles) Check(of access.Place, role string) error {
	service := access.Caller{Place: of, Service: catalog.Principal}
	return r.rooms.identities.Entrusts(service, role)
}

func (a *App) openRestAPIs(ctx context.Context, r *rooms, guard access.Guard) (room, error) {
	var err error
	r.restAPIs, err = restapi.Open(ctx, restapi.Options{Store: a.store, Guard: guard, Roles: restAPIRoles{r}, Configured: a.opt.configured})
	if err != nil {
		return room{}, err
	}
	r.stageLogs = serve.NewLogs(r.writeStageLog, a.opt.Log)
	return room{api: restapi.API(r.restAPIs), run: r.stageLogs.Run}, nil
}

// writeStageLog writes what a stage logs of a request, with the role that the account gave
// API Gateway for that.
func (r *rooms) writeStageLog(ctx context.Context, p serve.Portion) error {
	group, err := arn.Parse(p.Group)
	if err != nil {
		return err
	}
	role := r.restAPIs.LogRole(p.Place)
	if role == "" {
		return errNoLogRole
	}
	by, err := r.identities.Act(access.Caller{Place: p.Place, Service: catalog.Principal, Source: p.Source}, role, "BackplaneAssumeRoleSession")
	if err != nil {
		return err
	}
	if !p.Makes {
		for _, e := range p.Events {
			if err := r.logs.Deliver(ctx, groups.Line{Group: group, From: by, Time: e.Millis, Text: e.Text}); err != nil {
				return err
			}
		}
		return nil
	}
	entries := make([]blocks.Entry, len(p.Events))
	for i, e := range p.Events {
		entries[i] = blocks.Entry{Time: e.Millis, Text: e.Text}
	}
	stream := uuid.NewSHA1(uuid.NameSpaceURL, []byte(p.Source))
	return r.logs.Vend(ctx, by, strings.TrimPrefix(group.Resource, "log-group:"), hex.EncodeToString(stream[:]), entries)
}

var errNoLogRole = errors.New("the account has no role for the logs of its REST APIs: UpdateAccount sets cloudwatchRoleArn")

// stageFunctions are what stages run.
type stageFunctions struct{ rooms *rooms }

func (f stageFunctions) TraceOf(header string) string { return runner.TraceOf(header) }

func (f stageFunctions) Invoke(ctx context.Context, by access.Caller, function string, payload []byte) (answer []byte, failed bool, err error) {
	of, err := functions.ParseAddress(by.Place, function, "")
	if err != nil {
		return nil, false, err
	}
	out, err := f.rooms.functions.Invoke(ctx, by, of, payload, "")
	return out.Payload, out.FunctionError != "", err
}

// stages serves what REST APIs have deployed.
func (a *App) stages(bodies *door.Bodies) *serve.Service {
	return serve.New(serve.Options{
		Stages: a.restAPIs, Network: a.client, Functions: stageFunctions{a.rooms}, Logs: a.stageLogs, Bodies: bodies, Answers: a.opt.memory.Share(memoryAnswers),
		AtOnce: max(door.Limit(a.opt.memory.Total())/4, 8), Known: bodies.Known, Log: a.opt.Log,
	})
}
