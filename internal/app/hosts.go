package app

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/door"
	"github.com/dari-bus/dari/internal/room/function/url"
	"github.com/dari-bus/dari/internal/room/trail"
)

// A hostRoute leads what is sent to certain hosts to a handler, whatever its path
// and method: there, all paths are the user's.
type hostRoute struct {
	// pattern is a host without its port. A label in braces stands for any one
	// label, which the handler finds as the path value of that name.
	pattern string
	serve   http.Handler
}

// hosts are looked at before any path.
func (a *App) hosts(public string, bodies *door.Bodies, stages http.Handler) []hostRoute {
	urls := a.functions.URLs.Handler(url.Door{
		Keys: a.credentials(), Open: a.opt.keys == nil, OnePermission: a.opt.LenientURLs,
		Bodies: bodies, Answers: a.opt.memory.Share(memoryAnswers),
		Known: bodies.Known, Record: a.recordVisit, Log: a.opt.Log,
	})
	all := []hostRoute{
		{"{id}.execute-api.localhost", stages},
		{"{id}.lambda-url.{region}.localhost", urls},
	}
	if domain, _ := url.Domain(public); domain != "localhost" {
		all = append(all, hostRoute{"{id}.lambda-url.{region}." + domain, urls})
	}
	return all
}

// recordVisit tells the trail of a call of a function by its URL.
func (a *App) recordVisit(ctx context.Context, v url.Visit) {
	of := v.Of.Whole()
	a.trail.RecordVisit(ctx, trail.Visit{
		By: v.By, At: of.Place, Function: of.ARN(), Qualifier: v.Of.Qualifier, Host: v.Host, Code: v.Code, Message: v.Message,
	})
}

// match says whether the route is for the request, and tells it the labels.
func (h hostRoute) match(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(host, ".")), ".")
	words := strings.Split(h.pattern, ".")
	if len(labels) != len(words) {
		return false
	}
	for i, word := range words {
		if labels[i] == "" || word[0] != '{' && word != labels[i] {
			return false
		}
	}
	for i, word := range words {
		if word[0] == '{' {
			r.SetPathValue(strings.Trim(word, "{}"), labels[i])
		}
	}
	return true
}

// api is what an API of a user needs: its methods are its own, and so is which
// pages may call it.
var api = door.Need{
	Methods: []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
	},
	Open: true, Ours: true,
}

// sharedAPI is what an API needs that is called by the server's own name, which is compared.
var sharedAPI = door.Need{Methods: api.Methods, Open: true}

// refuseAPI refuses what the guard does not let pass, in API Gateway's words.
func refuseAPI(w http.ResponseWriter, _ *http.Request, no *door.Refusal) {
	forbid(w, no.Status, no.Message)
}

func forbid(w http.ResponseWriter, status int, message string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-Requestid", uuid.NewString())
	h.Set("X-Amzn-Errortype", "ForbiddenException")
	w.WriteHeader(status)
	body, _ := json.Marshal(map[string]string{"message": message}) // strings always can be
	_, _ = w.Write(body)                                           // the client has gone; there is nobody to tell
}
