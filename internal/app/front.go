package app

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/dari-bus/dari/internal/console"
	"github.com/dari-bus/dari/internal/door"
	"github.com/dari-bus/dari/internal/room/restapi/serve"
	"github.com/dari-bus/dari/internal/wire"
)

// A front is the one handler of the port. Nothing is behind it that its guard
// has not been asked about.
type front struct {
	guard *door.Guard
	hosts []hostRoute
	own   http.Handler
	aws   wire.Handler
	// stages are REST APIs, which also have paths here.
	stages http.Handler
	// stopping says that each connection ends with the answer to its call.
	stopping atomic.Bool
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.stopping.Load() {
		w.Header().Set("Connection", "close")
	}
	e := f.entrance(r)
	if !e.theirs && f.guard.Admit(w, r) {
		return
	}
	if no := f.guard.Check(r, e.need); no != nil {
		if no.Allow != "" {
			w.Header().Set("Allow", no.Allow)
		}
		e.refuse(w, r, no)
		return
	}
	e.serve.ServeHTTP(w, r)
}

// An entrance is where a request is led to, what it must show for that, and how
// it is refused there.
type entrance struct {
	need door.Need
	// theirs is for hosts of users, who say themselves which pages may call.
	theirs bool
	serve  http.Handler
	refuse func(http.ResponseWriter, *http.Request, *door.Refusal)
}

func (f *front) entrance(r *http.Request) entrance {
	for _, h := range f.hosts {
		if h.match(r) {
			return entrance{api, true, h.serve, refuseAPI}
		}
	}
	switch {
	case serve.Addresses(r):
		return entrance{sharedAPI, true, f.stages, refuseAPI}
	case r.URL.Path == console.Prefix || strings.HasPrefix(r.URL.Path, console.Prefix+"/"):
		return entrance{console.Need(r), false, f.own, refuseOwn}
	case console.IsBrowser(r):
		return entrance{console.Need(r), false, http.RedirectHandler(console.Prefix+"/console/", http.StatusFound), refuseOwn}
	default:
		return entrance{door.Need{Methods: f.aws.Methods(r), Acts: true}, false, f.aws, f.refuseAWS}
	}
}

func refuseOwn(w http.ResponseWriter, _ *http.Request, no *door.Refusal) {
	console.Refuse(w, no.Status, no.Message)
}

func (f *front) refuseAWS(w http.ResponseWriter, r *http.Request, no *door.Refusal) {
	e := &wire.Error{Code: "AccessDeniedException", QueryCode: "AccessDenied", Status: no.Status, Message: no.Message}
	if no.Status == http.StatusMethodNotAllowed {
		e.Code, e.QueryCode = "MethodNotAllowed", ""
	}
	f.aws.Refuse(w, r, e)
}
