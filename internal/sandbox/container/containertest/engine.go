// Package containertest is an engine of containers for tests: it speaks the API that
// Docker documents (https://docs.docker.com/reference/api/engine/), as far as it is
// used, on a Unix socket. Its containers are functions of the test. It was written from the
// documentation, and no engine has judged it.
package containertest

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An Engine has containers.
type Engine struct {
	// Socket is where it listens.
	Socket string
	// Images are those that it has.
	Images []string
	// Fails is what the engine says when a container is to be started, if it cannot be.
	Fails string
	// Stuck is how many containers cannot be removed, before others can.
	Stuck int
	// Run is what containers run: it prints, and returns the exit status. When ctx ends
	// it was killed.
	Run func(ctx context.Context, c *Container, stdout, stderr io.Writer) int

	mu         sync.Mutex
	containers map[string]*Container
	calls      []string
}

// A Container is one that was made, in the words of who made it.
type Container struct {
	Name, Image     string
	Entrypoint, Cmd []string
	Env             []string
	WorkingDir      string
	User            string
	Labels          map[string]string
	HostConfig      map[string]any
	OOMKilled       bool `json:"-"` // that it ended so

	ctx    context.Context
	kill   context.CancelFunc
	out    net.Conn // who is attached
	ended  chan struct{}
	status int
}

// Variable is a variable of its environment.
func (c *Container) Variable(name string) string {
	for _, v := range c.Env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// Serve starts an engine.
func Serve(t testing.TB, e *Engine) {
	t.Helper()
	e.Socket, e.containers = filepath.Join(t.TempDir(), "engine.sock"), map[string]*Container{}
	l, err := net.Listen("unix", e.Socket)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"Version": "27.0.3", "ApiVersion": "1.46"})
	})
	mux.HandleFunc("GET /images/{name...}", e.image)
	mux.HandleFunc("GET /containers/json", e.list)
	mux.HandleFunc("POST /containers/create", e.create)
	mux.HandleFunc("DELETE /containers/{id}", e.with(e.remove))
	for path, f := range map[string]func(http.ResponseWriter, *http.Request, *Container){
		"POST /containers/{id}/attach": e.attach, "POST /containers/{id}/start": e.start, "POST /containers/{id}/wait": wait,
		"GET /containers/{id}/json": inspect, "GET /containers/{id}/stats": stats,
	} {
		mux.HandleFunc(path, e.with(f))
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.calls = append(e.calls, r.Method+" "+r.URL.Path)
		e.mu.Unlock()
		mux.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
}

// Names are the containers that there are.
func (e *Engine) Names() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.containers))
}

// Calls are the calls that were made.
func (e *Engine) Calls() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

// Leave makes a container that somebody left behind.
func (e *Engine) Leave(name string, labels map[string]string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.containers[name] = &Container{Name: name, Labels: labels, kill: func() {}, ended: make(chan struct{})}
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who is gone does not want it
}

func refuse(w http.ResponseWriter, status int, format string, args ...any) {
	answer(w, status, map[string]string{"message": fmt.Sprintf(format, args...)})
}

// with finds the container of a call.
func (e *Engine) with(f func(http.ResponseWriter, *http.Request, *Container)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		c := e.containers[r.PathValue("id")]
		e.mu.Unlock()
		if c == nil {
			refuse(w, http.StatusNotFound, "No such container: %s", r.PathValue("id"))
			return
		}
		f(w, r, c)
	}
}

func (e *Engine) image(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutSuffix(r.PathValue("name"), "/json")
	if !ok || !slices.Contains(e.Images, name) {
		refuse(w, http.StatusNotFound, "No such image: %s", name)
		return
	}
	answer(w, http.StatusOK, map[string]any{"Id": "sha256:ec3f0931a6e6b6855d76b2d7b0be30e81860baccd891b2e243280bf1cd8ad710", "RepoTags": []string{name}})
}

func (e *Engine) create(w http.ResponseWriter, r *http.Request) {
	c := &Container{ended: make(chan struct{})}
	if err := json.NewDecoder(r.Body).Decode(c); err != nil {
		refuse(w, http.StatusBadRequest, "%v", err)
		return
	}
	if !slices.Contains(e.Images, c.Image) {
		refuse(w, http.StatusNotFound, "No such image: %s", c.Image)
		return
	}
	c.Name = r.URL.Query().Get("name")
	c.ctx, c.kill = context.WithCancel(context.Background())
	e.mu.Lock()
	defer e.mu.Unlock()
	e.containers[c.Name] = c
	answer(w, http.StatusCreated, map[string]any{"Id": "ede54ee1afda366ab42f824e8a5ffd195155d853ceaec74a927f249ea270c743", "Warnings": []string{}})
}

// attach takes the connection over, as engines do for callers that ask for no upgrade.
func (e *Engine) attach(w http.ResponseWriter, _ *http.Request, c *Container) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "%v", err)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c.out = conn
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n") // who is gone does not want it
}

// frames write one of the streams of a container to who is attached.
type frames struct {
	to     io.Writer
	stream byte
}

func (f frames) Write(b []byte) (int, error) {
	head := binary.BigEndian.AppendUint32([]byte{f.stream, 0, 0, 0}, uint32(len(b)))
	if _, err := f.to.Write(append(head, b...)); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (e *Engine) start(w http.ResponseWriter, _ *http.Request, c *Container) {
	e.mu.Lock()
	out := c.out
	e.mu.Unlock()
	if e.Fails != "" {
		refuse(w, http.StatusBadRequest, "%s", e.Fails)
		return
	}
	if out == nil {
		refuse(w, http.StatusConflict, "nobody is attached")
		return
	}
	go func() {
		status := e.Run(c.ctx, c, frames{out, 1}, frames{out, 2})
		if c.ctx.Err() != nil {
			status = 137
		}
		e.mu.Lock()
		c.status = status
		e.mu.Unlock()
		_ = out.Close() // as it is at the end
		close(c.ended)
	}()
	w.WriteHeader(http.StatusNoContent)
}

func wait(w http.ResponseWriter, r *http.Request, c *Container) {
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush() // who is gone does not want it
	select {
	case <-c.ended:
		_ = json.NewEncoder(w).Encode(map[string]int{"StatusCode": c.status}) // as above
	case <-r.Context().Done():
	}
}

func inspect(w http.ResponseWriter, _ *http.Request, c *Container) {
	<-c.ended
	answer(w, http.StatusOK, map[string]any{"Name": "/" + c.Name, "State": map[string]any{"Status": "exited", "ExitCode": c.status, "OOMKilled": c.OOMKilled}})
}

func stats(w http.ResponseWriter, _ *http.Request, _ *Container) {
	answer(w, http.StatusOK, map[string]any{"memory_stats": map[string]any{"usage": 40 << 20, "limit": 256 << 20, "stats": map[string]int{"inactive_file": 4 << 20}}})
}

func (e *Engine) list(w http.ResponseWriter, r *http.Request) {
	var filters struct{ Label []string }
	if err := json.Unmarshal([]byte(r.URL.Query().Get("filters")), &filters); err != nil || r.URL.Query().Get("all") != "1" {
		refuse(w, http.StatusBadRequest, "filters: %v", err)
		return
	}
	all := []map[string]any{}
	e.mu.Lock()
	defer e.mu.Unlock()
	for name, c := range e.containers {
		if !slices.ContainsFunc(filters.Label, func(l string) bool { _, has := c.Labels[l]; return !has }) {
			all = append(all, map[string]any{"Id": name, "Names": []string{"/" + name}, "Image": c.Image, "Labels": c.Labels, "State": "running"})
		}
	}
	answer(w, http.StatusOK, all)
}

func (e *Engine) remove(w http.ResponseWriter, r *http.Request, c *Container) {
	if r.URL.Query().Get("force") != "1" {
		refuse(w, http.StatusConflict, "cannot remove container %q: container is running", c.Name)
		return
	}
	c.kill()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Stuck > 0 {
		e.Stuck--
		refuse(w, http.StatusInternalServerError, "container %s: driver failed to remove root filesystem: device or resource busy", c.Name)
		return
	}
	delete(e.containers, c.Name)
	w.WriteHeader(http.StatusNoContent)
}
