package app

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/restapi"
	"github.com/dari-bus/dari/internal/room/restapi/catalog"
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
	return room{api: restapi.API(r.restAPIs)}, nil
}
