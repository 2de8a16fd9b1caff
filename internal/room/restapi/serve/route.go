package serve

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/dari-bus/dari/internal/room/restapi/definition"
)

// An address is what a request is for, as it was sent.
type address struct {
	api, stage string
	// path begins behind the stage, and is not decoded.
	path string
	// shared says that the host is one that others are served at, too.
	shared bool
}

// rawPath is the path of a request as it was sent.
func rawPath(r *http.Request) string {
	if raw, _, _ := strings.Cut(r.RequestURI, "?"); strings.HasPrefix(raw, "/") {
		return raw
	}
	return r.URL.EscapedPath()
}

// Addresses says whether a request to the server's own host is for a stage: one below
// /_aws/execute-api/API/STAGE or /restapis/API/STAGE/_user_request_.
func Addresses(r *http.Request) bool {
	_, ok := ownAddress(rawPath(r))
	return ok
}

func ownAddress(path string) (a address, ok bool) {
	a.shared = true
	if rest, ok := strings.CutPrefix(path, "/_aws/execute-api/"); ok {
		a.api, rest, _ = strings.Cut(rest, "/")
		a.stage, a.path, _ = strings.Cut(rest, "/")
	} else if rest, ok := strings.CutPrefix(path, "/restapis/"); ok {
		a.api, rest, _ = strings.Cut(rest, "/")
		a.stage, rest, _ = strings.Cut(rest, "/")
		var word string
		// A stage may be called like the word, and API Gateway itself has a path for that.
		if word, a.path, _ = strings.Cut(rest, "/"); word != "_user_request_" || a.stage == "stages" {
			return a, false
		}
	} else {
		return a, false
	}
	a.path = "/" + a.path
	return a, a.api != "" && a.stage != ""
}

// addressOf is what a request is for: at a host of an API, or at the server's own.
func addressOf(r *http.Request) address {
	path := rawPath(r)
	id := r.PathValue("id")
	if id == "" {
		a, _ := ownAddress(path)
		return a
	}
	a := address{api: id}
	a.stage, a.path, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	a.path = "/" + a.path
	return a
}

// A branch is a resource among those of a deployment, or on the way to one.
type branch struct {
	static   map[string]*branch
	variable *branch // {name}
	rest     *branch // {name+}
	name     string  // of these two
	methods  map[string]*method
}

// grow adds the methods of a resource below a branch.
func (b *branch) grow(node *definition.Node) {
	for part := range strings.SplitSeq(strings.Trim(node.Path, "/"), "/") {
		if part == "" {
			continue
		}
		b = b.below(part)
	}
	b.methods = make(map[string]*method, len(node.Methods))
	for verb, m := range node.Methods {
		b.methods[verb] = &method{verb: verb, node: node, of: m}
	}
}

// below returns the branch for a part of a path, which is made if it is not there.
func (b *branch) below(part string) *branch {
	name, isVariable := strings.CutPrefix(part, "{")
	if !isVariable {
		if b.static == nil {
			b.static = map[string]*branch{}
		}
		if b.static[part] == nil {
			b.static[part] = &branch{}
		}
		return b.static[part]
	}
	at := &b.variable
	name = strings.TrimSuffix(name, "}")
	if name, isVariable = strings.CutSuffix(name, "+"); isVariable {
		at = &b.rest
	}
	if *at == nil {
		*at = &branch{name: name}
	}
	return *at
}

// find returns the method for a path below a branch, and what the variables of the path
// are, as they were sent. A resource without the method is none: another one may have it.
func (b *branch) find(path, verb string) (*method, map[string]string) {
	if path == "" || path == "/" {
		return b.method(verb), nil
	}
	part, rest, more := strings.Cut(path[1:], "/")
	if more {
		rest = "/" + rest
	}
	decoded, err := url.PathUnescape(part)
	if err != nil {
		decoded = part
	}
	if next := b.static[decoded]; next != nil {
		if m, variables := next.find(rest, verb); m != nil {
			return m, variables
		}
	}
	if next := b.variable; next != nil && part != "" {
		if m, variables := next.find(rest, verb); m != nil {
			return m, with(variables, next.name, part)
		}
	}
	if next := b.rest; next != nil {
		if m := next.method(verb); m != nil {
			return m, with(nil, next.name, path[1:])
		}
	}
	return nil, nil
}

func (b *branch) method(verb string) *method {
	if m := b.methods[verb]; m != nil {
		return m
	}
	return b.methods["ANY"]
}

func with(all map[string]string, name, value string) map[string]string {
	if all == nil {
		all = map[string]string{}
	}
	all[name] = value
	return all
}
