package e2e

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// soakTargets are HTTP targets, one for each kind of hostility, on one host.
// Each remembers the events that it has taken with a good status.
type soakTargets struct {
	*httptest.Server
	relented chan struct{} // closed when all of them become reasonable

	mu    sync.Mutex
	taken map[string]map[string]bool // ids by kind
	calls map[string]int
	kept  []net.Conn // of the kind upgrade
}

// soakKinds are the kinds of target and how each answers a call.
var soakKinds = map[string]func(*soakTargets, http.ResponseWriter, *http.Request){
	"good":     func(*soakTargets, http.ResponseWriter, *http.Request) {},
	"multiply": func(*soakTargets, http.ResponseWriter, *http.Request) {}, // its input is large
	"hang": func(h *soakTargets, w http.ResponseWriter, r *http.Request) {
		h.hold(r)
		w.WriteHeader(http.StatusServiceUnavailable)
	},
	"fail": func(_ *soakTargets, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	},
	"upgrade": (*soakTargets).upgrade,
	"garbage": (*soakTargets).garbage,
	"endless": (*soakTargets).endless,
	"header": func(_ *soakTargets, w http.ResponseWriter, _ *http.Request) {
		for n := range 100 {
			w.Header().Set(fmt.Sprintf("X-%d", n), strings.Repeat("h", 64<<10))
		}
		w.WriteHeader(http.StatusBadRequest)
	},
	"close": func(*soakTargets, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
}

// soakKeptDead are the kinds whose targets have no dead-letter queue.
var soakKeptDead = map[string]bool{"upgrade": true, "header": true, "close": true}

// soakTakes are the kinds that answer with a good status.
var soakTakes = map[string]bool{"good": true, "multiply": true, "endless": true}

func newSoakTargets(t *testing.T) *soakTargets {
	h := &soakTargets{relented: make(chan struct{}), taken: map[string]map[string]bool{}, calls: map[string]int{}}
	mux := http.NewServeMux()
	for kind, answer := range soakKinds {
		h.taken[kind] = map[string]bool{}
		mux.HandleFunc("/"+kind, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the caller went away; it will try again
			}
			h.note(kind, body)
			answer(h, w, r)
		})
	}
	h.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		h.relent()
		for _, c := range h.kept {
			c.Close()
		}
		h.CloseClientConnections()
		h.Close()
	})
	return h
}

func (h *soakTargets) note(kind string, body []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[kind]++
	if !soakTakes[kind] {
		return
	}
	for id := range soakIDs(body) {
		h.taken[kind][id] = true
		return // the others in it are the same
	}
}

func (h *soakTargets) took(kind, id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.taken[kind][id]
}

// relent ends whatever holds a call, now and later.
func (h *soakTargets) relent() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.relented:
	default:
		close(h.relented)
	}
}

// hold waits until the caller has left.
func (h *soakTargets) hold(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-h.relented:
	}
}

// hijack takes the connection from the HTTP server.
func hijack(w http.ResponseWriter) (net.Conn, error) {
	c, _, err := http.NewResponseController(w).Hijack()
	return c, err
}

// upgrade changes the protocol and keeps the connection, but not too many.
func (h *soakTargets) upgrade(w http.ResponseWriter, _ *http.Request) {
	c, err := hijack(w)
	if err != nil {
		return
	}
	io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: soak\r\n\r\n")
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kept = append(h.kept, c); len(h.kept) > 100 {
		h.kept[0].Close()
		h.kept = slices.Delete(h.kept, 0, 1)
	}
}

func (h *soakTargets) garbage(w http.ResponseWriter, _ *http.Request) {
	c, err := hijack(w)
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, _ = c.Write(bytes.Repeat([]byte("\x00\xff\r\n: garbage"), 100_000)) // nobody has to read it
}

// endless says that all is well, in a body that never ends.
func (h *soakTargets) endless(w http.ResponseWriter, r *http.Request) {
	piece := bytes.Repeat([]byte("and so on "), 6<<10)
	for r.Context().Err() == nil {
		select {
		case <-h.relented:
			return
		default:
		}
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

func (h *soakTargets) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(soakKinds)) {
		parts = append(parts, fmt.Sprintf("%s %d/%d", kind, h.calls[kind], len(h.taken[kind])))
	}
	return "targets called/taken: " + strings.Join(parts, ", ")
}
