package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Label is on every container of a dari; its value is the server that made it.
const Label = "dari.server"

// namePrefix is what the names of containers begin with.
const namePrefix = "dari-"

// An Engine runs containers.
type Engine struct {
	kind string
	*client
	server server

	mu   sync.Mutex
	left []string // containers that could not be removed, and are to be once more
}

// Open returns an engine, "docker" or "podman", on a socket or on that where it is
// usually, whether it runs now or not.
func Open(kind, socket string) (*Engine, error) {
	if socket == "" {
		socket = usual(kind)
	}
	e := &Engine{kind: kind, client: newClient(kind, socket)}
	var err error
	if e.server, err = thisServer(); err != nil {
		return nil, fmt.Errorf("containers are run on Linux only: %w", err)
	}
	return e, nil
}

// Ping reports whether the engine answers.
func (e *Engine) Ping(ctx context.Context) error {
	var version struct{ Version string }
	return e.call(ctx, http.MethodGet, "/version", nil, nil, &version)
}

// usual is the socket that an engine has if nobody says another.
func usual(kind string) string {
	variable, socket := "DOCKER_HOST", "/var/run/docker.sock"
	if kind == "podman" {
		variable, socket = "CONTAINER_HOST", "/run/podman/podman.sock"
		if dir := os.Getenv("XDG_RUNTIME_DIR"); os.Geteuid() != 0 && dir != "" {
			socket = filepath.Join(dir, "podman", "podman.sock")
		}
	}
	if path, ok := strings.CutPrefix(os.Getenv(variable), "unix://"); ok {
		return path
	}
	return socket
}

// Find finds an image on this machine. The error says how to get it there.
func (e *Engine) Find(ctx context.Context, image string) error {
	err := e.call(ctx, http.MethodGet, "/images/"+image+"/json", nil, nil, nil)
	if is(err, http.StatusNotFound) {
		return fmt.Errorf("the image %s is not on this machine, and nothing is downloaded by itself: %s pull %s", image, e.kind, image)
	}
	return err
}

// Sweep removes the containers of servers that are gone.
func (e *Engine) Sweep(ctx context.Context) error {
	filters, err := json.Marshal(map[string][]string{"label": {Label}})
	if err != nil {
		return err
	}
	var all []struct {
		ID     string `json:"Id"`
		Names  []string
		Labels map[string]string
	}
	if err := e.call(ctx, http.MethodGet, "/containers/json", url.Values{"all": {"1"}, "filters": {string(filters)}}, nil, &all); err != nil {
		return err
	}
	var failed []error
	for _, c := range all {
		// The label is also on what somebody runs from an image that was made of one of ours.
		named := slices.ContainsFunc(c.Names, func(n string) bool { return strings.HasPrefix(n, "/"+namePrefix) })
		if s, ok := parseServer(c.Labels[Label]); ok && named && e.server.knowsGone(s) {
			failed = append(failed, e.remove(ctx, c.ID))
		}
	}
	return errors.Join(failed...)
}

// remove removes a container, and kills it if it runs. It is no error if it is gone.
func (e *Engine) remove(ctx context.Context, id string) error {
	err := e.call(ctx, http.MethodDelete, "/containers/"+id, url.Values{"force": {"1"}, "v": {"1"}}, nil, nil)
	if is(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// maxLeft is how many containers may wait to be removed once more. Those that are
// forgotten are found when the next server starts.
const maxLeft = 1000

// discard removes a container, now or with the next ones.
func (e *Engine) discard(ctx context.Context, name string) error {
	err := e.remove(ctx, name)
	if err != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.left) < maxLeft {
			e.left = append(e.left, name)
		}
	}
	return err
}

// tidy removes what could not be removed, until that fails again.
func (e *Engine) tidy(ctx context.Context) {
	for {
		e.mu.Lock()
		if len(e.left) == 0 {
			e.mu.Unlock()
			return
		}
		name := e.left[0]
		e.left = e.left[1:]
		e.mu.Unlock()
		if e.discard(ctx, name) != nil {
			return // it is the last one now
		}
	}
}
