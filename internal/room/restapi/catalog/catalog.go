package catalog

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// Principal is the service that REST APIs act as.
const Principal = "apigateway.amazonaws.com"

// Roles are what APIs act with.
type Roles interface {
	// Check says whether API Gateway may act with a role, by its trust policy.
	Check(of access.Place, role string) error
}

// Options configure a Catalog. All but Configured must be given.
type Options struct {
	Store store.Store
	Guard access.Guard
	Roles Roles
	// Configured says whether an account is one that the settings name, and not one that
	// a caller made up; nil for all are. The others share what one may have.
	Configured func(account string) bool
}

// A Catalog keeps REST APIs. Its methods may be called from many goroutines at once.
type Catalog struct {
	opt         Options
	apis        *table.Table[definition.API]
	places      *table.Table[access.Place]
	resources   *table.Table[definition.Resource]
	deployments *table.Table[definition.Deployment]
	stages      *table.Table[definition.Stage]
	accounts    *table.Table[definition.Account]
	gateway     *Part[definition.GatewayResponse, *definition.GatewayResponse]
	// What methods may name.
	Models      *Part[definition.Model, *definition.Model]
	Validators  *Part[definition.Validator, *definition.Validator]
	Authorizers *Part[definition.Authorizer, *definition.Authorizer]
	scale       table.Scale // of all of them
}

// The quotas of an account in a region, and of an API.
const (
	maxAPIs        = 600
	maxResources   = 300
	maxStages      = 10
	maxDeployments = 500
	maxModels      = 400
	maxAuthorizers = 10
	maxParts       = 100
)

// global is where an API is found by its id alone.
var global = access.Place{Account: "all", Region: "global"}

// Open reads what is in the store.
func Open(ctx context.Context, opt Options) (*Catalog, error) {
	if opt.Store == nil || opt.Guard == nil || opt.Roles == nil {
		return nil, errors.New("open the REST APIs: they need a store, a guard and roles")
	}
	c := &Catalog{opt: opt, scale: table.Scale{Max: maxWeight, What: "REST APIs", Configured: opt.Configured}}
	var errs [10]error
	c.apis, errs[0] = open[definition.API](ctx, c, "api/", maxAPIs, fault.Limit("Maximum number of Rest APIs for this account has been reached. Please contact AWS if you need additional Rest APIs. dari allows %d.", maxAPIs))
	c.resources, errs[1] = open[definition.Resource](ctx, c, "resource/", maxAPIs*maxResources, nil)
	c.deployments, errs[2] = open[definition.Deployment](ctx, c, "deployment/", maxAPIs*maxDeployments, nil)
	c.stages, errs[3] = open[definition.Stage](ctx, c, "stage/", maxAPIs*maxStages, nil)
	c.accounts, errs[4] = open[definition.Account](ctx, c, "account/", 1, nil)
	c.places, errs[5] = table.Open(ctx, table.Options[access.Place]{
		Store: opt.Store, Prefix: "restapi/place/", Version: 1, Max: math.MaxInt, // APIs bound them
	})
	c.Models, errs[6] = openPart[definition.Model](ctx, c, "models", maxModels, func(name string) error { return fault.NotFound("Invalid model name specified: %s", name) })
	c.Validators, errs[7] = openPart[definition.Validator](ctx, c, "requestvalidators", maxParts, func(string) error { return fault.NotFound("Invalid Request Validator identifier specified") })
	c.Authorizers, errs[8] = openPart[definition.Authorizer](ctx, c, "authorizers", maxAuthorizers, func(string) error { return fault.NotFound("Invalid Authorizer identifier specified") })
	c.gateway, errs[9] = openPart[definition.GatewayResponse](ctx, c, "gatewayresponses", maxParts, func(string) error { return fault.NotFound("Gateway response type not defined on api") })
	return c, errors.Join(errs[:]...)
}

// open opens a table of records that are weighed.
func open[R any, P weighs[R]](ctx context.Context, c *Catalog, what string, most int, full error) (*table.Table[R], error) {
	return table.Open(ctx, table.Options[R]{
		Store: c.opt.Store, Prefix: "restapi/" + what, Version: 1, Max: most, Full: full,
		Scale: &c.scale, Weight: func(r *R) int { return *P(r).Weight() },
	})
}

// Allow asks whether a caller may do something that is a request with a method and a
// path, such as "PATCH" and "/restapis/x/stages/s".
func (c *Catalog) Allow(by access.Caller, method, path string) error {
	resource := arn.ARN{Partition: arn.Partition(by.Region), Service: "apigateway", Region: by.Region, Resource: path}
	return c.opt.Guard.Allow(access.Own(by, "apigateway:"+method, resource.String()))
}

func noAPI(by access.Caller, id string) error {
	return fault.NotFound("Invalid API identifier specified %s:%s", by.Account, id)
}

func key(at access.Place, name string) table.Key { return table.Key{Place: at, Name: name} }

// below is the key of something that an API has.
func below(at access.Place, api, name string) table.Key { return key(at, api+"/"+name) }

// An identifier is made of these, as at AWS.
const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

// newID returns an id of n characters.
func newID(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = alphabet[int(b[i])%len(alphabet)]
	}
	return string(b)
}

func millis() int64 { return time.Now().UnixMilli() }

// sorted returns what a table has of an API, in an order.
func sorted[R any](t *table.Table[R], at access.Place, api string, order func(a, b *R) int) []*R {
	return slices.SortedStableFunc(t.Each(at, api+"/"), order)
}
