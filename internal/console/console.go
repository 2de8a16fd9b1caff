// Package console serves what is dari's own: everything under /_dari/.
//
// Health is open to all. What shows events (the live tail, the dead deliveries)
// asks for the same right as a call of the AWS API, and shows an account what is
// its own. The metrics and the doctor's checkup are about all accounts, and so for one
// of them.
// The page that a browser is led to says what is here and how to use it; a
// graphical console is not part of this package.
package console

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/door"
	"github.com/dari-bus/dari/internal/watch"
)

// Prefix is where everything of dari's own lives; no AWS API has such a path.
const Prefix = "/_dari"

// Options say what there is to show.
type Options struct {
	Feed    *watch.Feed
	Metrics http.Handler
	// Checkup is what `dari doctor` says of the server.
	Checkup func() []byte
	// Dead yields the dead deliveries of an account from behind the one with the
	// ID after, or all, oldest first and ready for JSON. Its error says what is
	// wrong with after.
	Dead func(ctx context.Context, account, after string) (iter.Seq2[any, error], error)
	// PushedOut is how many older ones of an account were pushed out since the start.
	PushedOut func(account string) uint64
	// Memory is what readers of events may make the server hold.
	Memory *budget.Share
	// Allow says whose events a request may see; its error says why none.
	Allow func(*http.Request) (account string, err error)
	// Sandbox is at which level functions and builds run; empty while that is not known.
	Sandbox func() string
	// Host and Region are for the page. So is Account, which also is the one that
	// may see the metrics and the checkup.
	Host, Region, Account string
}

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

type handler struct{ Options }

// New returns the handler of all paths that begin with [Prefix].
func New(o Options) http.Handler {
	h := &handler{o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix+"/health", h.health)
	mux.HandleFunc("GET "+Prefix+"/console/", h.page)
	mux.Handle("GET "+Prefix+"/metrics", h.allowed(h.ofAll("the metrics are", h.metrics)))
	mux.Handle("GET "+Prefix+"/doctor", h.allowed(h.ofAll("the checkup is", h.within(checkupMemory, h.checkup))))
	mux.Handle("GET "+Prefix+"/tail", h.allowed(h.within(watch.ReaderMemory, h.tail)))
	mux.Handle("GET "+Prefix+"/dead", h.allowed(h.within(deadMemory, h.dead)))
	mux.HandleFunc(Prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		Refuse(w, http.StatusNotFound, fmt.Sprintf("there is no %s %s; %s/console/ says what there is", r.Method, r.URL.Path, Prefix))
	})
	mux.Handle("GET "+Prefix, http.RedirectHandler(Prefix+"/console/", http.StatusFound))
	return mux
}

// IsBrowser reports whether a request is a person's browser opening the root,
// rather than a client of an AWS API.
func IsBrowser(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/" && r.URL.RawQuery == "" &&
		r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// Need says what a request for one of these paths, or for the page at the root,
// must show at the door. The page and the health show nothing of anybody's.
func Need(r *http.Request) door.Need {
	path := r.URL.Path
	if path == "/" || path == Prefix || path == Prefix+"/health" || strings.HasPrefix(path, Prefix+"/console/") {
		return door.Need{Methods: []string{http.MethodGet, http.MethodHead}, Open: true}
	}
	return door.Need{Methods: []string{http.MethodGet, http.MethodPost}, Acts: r.Method != http.MethodGet}
}

// allowed lets only those through who may see events, those of an account.
func (h *handler) allowed(next view) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		account, err := h.Allow(r)
		if err != nil {
			Refuse(w, http.StatusForbidden, err.Error())
			return
		}
		next(w, r, account)
	})
}

// A view shows what is an account's.
type view func(w http.ResponseWriter, r *http.Request, account string)

// within lets so many show events at a time as there is memory for, when each
// holds n bytes.
func (h *handler) within(n int64, next view) view {
	return func(w http.ResponseWriter, r *http.Request, account string) {
		if !h.Memory.Try(n) {
			Refuse(w, http.StatusServiceUnavailable, "too many others are being shown events; try again later, or give the server more memory (-memory)")
			return
		}
		defer h.Memory.Give(n)
		next(w, r, account)
	}
}

// ofAll shows what is about all accounts to one of them.
func (h *handler) ofAll(what string, next view) view {
	return func(w http.ResponseWriter, r *http.Request, account string) {
		if account != h.Account {
			Refuse(w, http.StatusForbidden, what+" about all accounts together, and so for account "+h.Account+" only (-account)")
			return
		}
		next(w, r, account)
	}
}

func (h *handler) metrics(w http.ResponseWriter, r *http.Request, _ string) {
	h.Metrics.ServeHTTP(w, r)
}

// checkupMemory is what a checkup takes: the names of what it remarks upon.
const checkupMemory = 8 << 20

func (h *handler) checkup(w http.ResponseWriter, _ *http.Request, _ string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(h.Checkup()) // a client that is gone does not want it
}

// Refuse answers a request that may not be served.
func Refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	writeJSON(w, map[string]string{"message": message})
}

// writeJSON writes a value of our own. A client that is gone does not want it.
func writeJSON(w io.Writer, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v)
}

func (h *handler) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	writeJSON(w, struct {
		Status  string `json:"status"`
		Sandbox string `json:"sandbox,omitempty"`
	}{"ok", h.Sandbox()})
}

func (h *handler) page(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	if err := page.Execute(&b, h.Options); err != nil {
		Refuse(w, http.StatusInternalServerError, "the page cannot be shown")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'")
	_, _ = w.Write(b.Bytes()) // a browser that is gone does not want it
}

func (h *handler) dead(w http.ResponseWriter, r *http.Request, account string) {
	limit := 100
	if s := r.URL.Query().Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 10_000 {
			Refuse(w, http.StatusBadRequest, fmt.Sprintf("limit %q is not a number from 1 to 10000", s))
			return
		}
		limit = n
	}
	each, err := h.Dead(r.Context(), account, r.URL.Query().Get("after"))
	if err != nil {
		Refuse(w, http.StatusBadRequest, "after: "+err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	out := &counter{w: w}
	n, more := 0, ""
	for d, err := range each {
		if err != nil && n == 0 {
			Refuse(w, http.StatusInternalServerError, "the dead deliveries cannot be read")
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
		if n == limit || out.bytes > deadBytes {
			more = `,"more":true`
			break
		}
		out.text([]string{`{"dead":[`, `,`}[min(n, 1)])
		writeJSON(out, d)
		n++
	}
	if n == 0 {
		out.text(`{"dead":[`)
	}
	out.text(fmt.Sprintf("],\"pushed_out\":%d%s}\n", h.PushedOut(account), more))
}

// deadBytes is when a list of dead deliveries ends, whatever its limit: whoever
// wants more asks for those after the last.
const deadBytes = 16 << 20

// deadMemory is what showing them takes: those that are read at once, and the
// text of the one that is being written.
const deadMemory = 4 << 20

// A counter counts what is written to w. A client that is gone does not want it.
type counter struct {
	w     io.Writer
	bytes int
}

func (c *counter) Write(b []byte) (int, error) {
	c.bytes += len(b)
	return c.w.Write(b)
}

func (c *counter) text(s string) { _, _ = io.WriteString(c, s) }

// tail writes a line of JSON for each thing that happens, until the client
// leaves or the server stops. The query's bus, rule and event narrow it.
func (h *handler) tail(w http.ResponseWriter, r *http.Request, account string) {
	c := http.NewResponseController(w)
	// The time limit of a request is meant for its body, and this one has none. A
	// reader who does not read is for the listener to see to.
	if c.SetReadDeadline(time.Time{}) != nil {
		Refuse(w, http.StatusInternalServerError, "this connection cannot be kept open")
		return
	}
	records, cancel := h.Feed.Subscribe()
	defer cancel()
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if c.Flush() != nil {
		return
	}
	want := filter{account, r.URL.Query().Get("bus"), r.URL.Query().Get("rule"), r.URL.Query().Get("event")}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for {
		select {
		case <-r.Context().Done():
			return
		case rec, ok := <-records:
			if !ok {
				return
			}
			if !want.matches(&rec) {
				continue
			}
			if enc.Encode(rec) != nil || c.Flush() != nil {
				return
			}
		}
	}
}

// A filter narrows the tail to an account, and more: each other part is empty,
// an ARN or the name in it.
type filter struct{ account, bus, rule, event string }

func (f filter) matches(r *watch.Record) bool {
	if r.Kind == watch.KindMissed {
		return true
	}
	if r.Account() != f.account {
		return false
	}
	if f.event != "" && r.EventID != f.event || f.bus != "" && !named(r.Bus, f.bus) {
		return false
	}
	if f.rule == "" || r.Rule != "" && named(r.Rule, f.rule) {
		return true
	}
	for _, rule := range r.Rules {
		if named(rule, f.rule) {
			return true
		}
	}
	return false
}

func named(arn, name string) bool { return arn == name || strings.HasSuffix(arn, "/"+name) }
