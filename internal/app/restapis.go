package app

import (
	"context"
	"errors"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/door"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/room/restapi"
	"github.com/dari-bus/dari/internal/room/restapi/catalog"
	"github.com/dari-bus/dari/internal/room/restapi/serve"
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

// writeStageLog writes a line of the access log of a stage, with the role that the account
// gave API Gateway for that.
func (r *rooms) writeStageLog(ctx context.Context, l serve.Line) error {
	group, err := arn.Parse(l.Group)
	if err != nil {
		return err
	}
	role := r.restAPIs.LogRole(l.Place)
	if role == "" {
		return errNoLogRole
	}
	by, err := r.identities.Act(access.Caller{Place: l.Place, Service: catalog.Principal, Source: l.Source}, role, "BackplaneAssumeRoleSession")
	if err != nil {
		return err
	}
	return r.logs.Deliver(ctx, groups.Line{Group: group, From: by, Time: l.Millis, Text: l.Text})
}

var errNoLogRole = errors.New("the account has no role for the logs of its REST APIs: UpdateAccount sets cloudwatchRoleArn")

// stages serves what REST APIs have deployed.
func (a *App) stages(bodies *door.Bodies) *serve.Service {
	return serve.New(serve.Options{
		Stages: a.restAPIs, Network: a.client, Logs: a.stageLogs, Bodies: bodies, Answers: a.opt.memory.Share(memoryAnswers),
		AtOnce: max(door.Limit(a.opt.memory.Total())/4, 8), Known: bodies.Known, Log: a.opt.Log,
	})
}
