package url

import (
	"cmp"
	"context"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

// api is the door of the operations on URLs, which is a part of that of functions.
type api struct{ *Service }

// Operations are those of Lambda that are about URLs.
func Operations(s *Service) []wire.Operation {
	a := api{s}
	const config = "/2021-10-31/functions/{FunctionName}/url"
	return []wire.Operation{
		wire.Op("CreateFunctionUrlConfig", a.CreateFunctionUrlConfig).At("POST "+config, 201),
		wire.Op("DeleteFunctionUrlConfig", a.DeleteFunctionUrlConfig).At("DELETE "+config, 204),
		wire.Op("GetFunctionUrlConfig", a.GetFunctionUrlConfig).At("GET "+config, 200).Reads(),
		wire.Op("ListFunctionUrlConfigs", a.ListFunctionUrlConfigs).At("GET "+config+"s", 200).Reads(),
		wire.Op("UpdateFunctionUrlConfig", a.UpdateFunctionUrlConfig).At("PUT "+config, 200),
	}
}

// corsMembers are a CORS as Lambda spells it.
type corsMembers struct {
	AllowCredentials                                        *bool
	AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string `json:",omitempty"`
	MaxAge                                                  *int
}

func (c *corsMembers) cors() *CORS {
	if c == nil {
		return nil
	}
	return &CORS{Credentials: c.AllowCredentials, Headers: c.AllowHeaders, Methods: c.AllowMethods, Origins: c.AllowOrigins, Expose: c.ExposeHeaders, MaxAge: c.MaxAge}
}

type urlInput struct {
	FunctionName *string `rest:"label"`
	Qualifier    *string `rest:"query"`
}

type createURLInput struct {
	urlInput
	AuthType, InvokeMode *string
	Cors                 *corsMembers
}

type updateURLInput struct {
	urlInput
	AuthType, InvokeMode *string
	Cors                 *corsMembers
}

// urlConfig is a URL.
type urlConfig struct {
	FunctionUrl, FunctionArn, AuthType string
	Cors                               *corsMembers
	CreationTime                       string
	LastModifiedTime                   *string
	InvokeMode                         *string
}

// urlOf is a URL as it is said when it is made or changed; others say in any case how it
// is invoked.
func urlOf(ctx context.Context, at catalog.Address, u *URL) urlConfig {
	by := wire.CallerFrom(ctx)
	const micros = "2006-01-02T15:04:05.000000Z"
	modified := time.UnixMicro(u.Modified).UTC().Format(micros)
	out := urlConfig{
		FunctionUrl: u.Address(by.Scheme, by.Host, at.Region), FunctionArn: at.With(u.Qualifier).ARN(), AuthType: u.Auth,
		CreationTime: time.UnixMicro(u.Created).UTC().Format(micros), LastModifiedTime: &modified, InvokeMode: wire.Opt(u.Mode),
	}
	if c := u.CORS; c != nil {
		out.Cors = &corsMembers{c.Credentials, c.Headers, c.Methods, c.Origins, c.Expose, c.MaxAge}
	}
	return out
}

func seenURL(ctx context.Context, at catalog.Address, u *URL) urlConfig {
	out := urlOf(ctx, at, u)
	mode := cmp.Or(u.Mode, buffered)
	out.InvokeMode = &mode
	return out
}

func (in *urlInput) at(by access.Caller) (catalog.Address, error) {
	return catalog.ParseAddress(by.Place, *in.FunctionName, wire.Val(in.Qualifier))
}

func caller(ctx context.Context) access.Caller { return wire.CallerFrom(ctx).Caller }

// CreateFunctionUrlConfig makes a URL.
func (a api) CreateFunctionUrlConfig(ctx context.Context, in *createURLInput) (*urlConfig, error) {
	by := caller(ctx)
	at, err := in.at(by)
	if err != nil {
		return nil, err
	}
	u, err := a.Service.Create(ctx, by, at, Change{Auth: in.AuthType, Mode: in.InvokeMode, CORS: in.Cors.cors()})
	if err != nil {
		return nil, err
	}
	out := urlOf(ctx, at, u)
	out.LastModifiedTime = nil
	return &out, nil
}

// UpdateFunctionUrlConfig changes a URL.
func (a api) UpdateFunctionUrlConfig(ctx context.Context, in *updateURLInput) (*urlConfig, error) {
	by := caller(ctx)
	at, err := in.at(by)
	if err != nil {
		return nil, err
	}
	u, err := a.Service.Update(ctx, by, at, Change{Auth: in.AuthType, Mode: in.InvokeMode, CORS: in.Cors.cors()})
	if err != nil {
		return nil, err
	}
	out := urlOf(ctx, at, u)
	return &out, nil
}

// GetFunctionUrlConfig returns a URL.
func (a api) GetFunctionUrlConfig(ctx context.Context, in *urlInput) (*urlConfig, error) {
	by := caller(ctx)
	at, err := in.at(by)
	if err != nil {
		return nil, err
	}
	u, err := a.Service.Get(by, at)
	if err != nil {
		return nil, err
	}
	out := seenURL(ctx, at, u)
	return &out, nil
}

// DeleteFunctionUrlConfig deletes a URL.
func (a api) DeleteFunctionUrlConfig(ctx context.Context, in *urlInput) (*wire.None, error) {
	by := caller(ctx)
	at, err := in.at(by)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Service.Delete(ctx, by, at)
}

type listURLsInput struct {
	FunctionName *string `rest:"label"`
	Marker       *string `rest:"query"`
	MaxItems     *int    `rest:"query"`
}

type urlsOutput struct {
	FunctionUrlConfigs []urlConfig `empty:"kept"`
	NextMarker         string      `json:",omitempty"`
}

// ListFunctionUrlConfigs lists the URLs of a function.
func (a api) ListFunctionUrlConfigs(ctx context.Context, in *listURLsInput) (*urlsOutput, error) {
	by := caller(ctx)
	at, err := catalog.ParseAddress(by.Place, *in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	all, err := a.Service.List(by, at.Whole())
	if err != nil {
		return nil, err
	}
	most := 50
	if in.MaxItems != nil {
		most = *in.MaxItems
	}
	rows, next, err := catalog.Page(all, func(u *URL) string { return u.Qualifier }, wire.Val(in.Marker), most)
	if err != nil {
		return nil, err
	}
	out := &urlsOutput{NextMarker: next}
	for _, u := range rows {
		out.FunctionUrlConfigs = append(out.FunctionUrlConfigs, seenURL(ctx, at, u))
	}
	return out, nil
}

// The pattern of aliases, as AWS prints it for URLs, and what it means, which Go cannot say so.
const (
	qualifierPattern = `((?!^\d+$)^[0-9a-zA-Z-_]+$)`
	qualifierExpr    = `[0-9]*[a-zA-Z_-][a-zA-Z0-9_-]*`
)

var (
	nameLimit = wire.Limit{Required: true, Min: 1, Max: 140, Pattern: catalog.NamePattern}
	modes     = wire.Limit{Enum: []string{streamed, buffered}}
)

// Limits are what the inputs must satisfy.
var Limits = wire.Limits{
	"urlInput.FunctionName":      nameLimit,
	"urlInput.Qualifier":         {Min: 1, Max: 128, Pattern: qualifierPattern, Expr: qualifierExpr},
	"createURLInput.AuthType":    {Required: true, Enum: []string{authNone, authIAM}},
	"createURLInput.InvokeMode":  modes,
	"updateURLInput.AuthType":    {Enum: []string{authNone, authIAM}},
	"updateURLInput.InvokeMode":  modes,
	"listURLsInput.FunctionName": nameLimit,
	"listURLsInput.MaxItems":     {Min: 1, Max: 50},
	"corsMembers.AllowHeaders":   {Max: 100, Each: &wire.Limit{Max: 1024}},
	"corsMembers.AllowMethods":   {Max: 6, Each: &wire.Limit{Max: 6}},
	"corsMembers.AllowOrigins":   {Max: 100, Each: &wire.Limit{Min: 1, Max: 253}},
	"corsMembers.ExposeHeaders":  {Max: 100, Each: &wire.Limit{Max: 1024}},
	"corsMembers.MaxAge":         {HasMin: true, Max: 86_400},
}
