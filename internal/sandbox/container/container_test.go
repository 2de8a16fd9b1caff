//go:build linux

package container

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/sandbox"
	"github.com/dari-bus/dari/internal/sandbox/container/containertest"
)

const image = "public.ecr.aws/lambda/python:3.12"

func open(t *testing.T, e *containertest.Engine) *Engine {
	t.Helper()
	e.Images = []string{image}
	containertest.Serve(t, e)
	c, err := Open("docker", e.Socket)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAContainerHasWhatItIsGivenAndNoMore(t *testing.T) {
	var made *containertest.Container
	fake := &containertest.Engine{Run: func(_ context.Context, c *containertest.Container, stdout, stderr io.Writer) int {
		made = c
		fmt.Fprint(stdout, "out\n")
		fmt.Fprint(stderr, "err\n")
		fmt.Fprint(stdout, strings.Repeat("x", 100_000)+"\n")
		return 7
	}}
	e := open(t, fake)
	var out bytes.Buffer
	p, err := e.Start(t.Context(), Command{
		Image: image, Args: []string{"f.handler"}, Env: []string{"A=1"}, Dir: "/var/task", User: "7:7",
		Binds: []sandbox.Bind{{From: "/data/c:ode", To: "/var/task"}}, TmpBytes: 5 << 20, MemoryBytes: 128 << 20, MaxProcesses: 9,
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait()
	if exit.Code != 7 || exit.Signal != "" || err != nil || out.String() != "out\nerr\n"+strings.Repeat("x", 100_000)+"\n" {
		t.Errorf("%+v, %v, %d bytes", exit, err, out.Len())
	}
	want := map[string]any{
		"NetworkMode": "host", "ReadonlyRootfs": true, "CapDrop": []any{"ALL"}, "SecurityOpt": []any{"no-new-privileges"},
		"Memory": float64(128 << 20), "MemorySwap": float64(128 << 20), "PidsLimit": float64(9),
		"Mounts":    []any{map[string]any{"Type": "bind", "Source": "/data/c:ode", "Target": "/var/task", "ReadOnly": true}},
		"Tmpfs":     map[string]any{"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=5242880"},
		"Ulimits":   []any{map[string]any{"Name": "core", "Soft": 0.0, "Hard": 0.0}},
		"LogConfig": map[string]any{"Type": "none"},
	}
	if diff := cmp.Diff(want, made.HostConfig); diff != "" {
		t.Error(diff)
	}
	if made.User != "7:7" || made.WorkingDir != "/var/task" || made.Labels[Label] != e.server.String() || made.Entrypoint != nil {
		t.Errorf("made: %+v", made)
	}
	if left := fake.Names(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestWhatIsKilledIsRemoved(t *testing.T) {
	fake := &containertest.Engine{Run: func(ctx context.Context, _ *containertest.Container, stdout, _ io.Writer) int {
		fmt.Fprint(stdout, "up\n")
		<-ctx.Done()
		return 0
	}}
	e := open(t, fake)
	ctx, cancel := context.WithCancel(t.Context())
	up, printed := io.Pipe()
	p, err := e.Start(ctx, Command{Image: image}, printed)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.ReadFull(up, make([]byte, 3))
	if n := p.MaxMemory(); n != 36<<20 {
		t.Errorf("it had %d bytes", n)
	}
	cancel()
	if exit, err := p.Wait(); exit.Signal != "killed" || exit.Code != -1 || exit.MaxMemoryBytes != 36<<20 || err != nil {
		t.Errorf("%+v, %v", exit, err)
	}
	if left := fake.Names(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestOutOfMemoryIsReported(t *testing.T) {
	e := open(t, &containertest.Engine{Run: func(_ context.Context, c *containertest.Container, _, _ io.Writer) int {
		c.OOMKilled = true
		return 137
	}})
	p, err := e.Start(t.Context(), Command{Image: image}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(); !exit.OutOfMemory || exit.Signal != "killed" || err != nil {
		t.Errorf("%+v, %v", exit, err)
	}
}

func TestNothingIsPulled(t *testing.T) {
	fake := &containertest.Engine{}
	e := open(t, fake)
	if err := e.Find(t.Context(), image); err != nil {
		t.Error(err)
	}
	const other = "public.ecr.aws/lambda/nodejs:20"
	want := "the image " + other + " is not on this machine, and nothing is downloaded by itself: docker pull " + other
	if err := e.Find(t.Context(), other); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if _, err := e.Start(t.Context(), Command{Image: other}, io.Discard); err == nil || !strings.Contains(err.Error(), "No such image: "+other) {
		t.Errorf("%v", err)
	}
	for _, call := range fake.Calls() {
		if strings.Contains(call, "/images/create") {
			t.Errorf("it called %s", call)
		}
	}
}

func TestWhatCannotBeStartedIsRemoved(t *testing.T) {
	fake := &containertest.Engine{Fails: `exec: "/var/task/bootstrap": permission denied`}
	e := open(t, fake)
	if _, err := e.Start(t.Context(), Command{Image: image}, io.Discard); err == nil || !strings.Contains(err.Error(), fake.Fails) {
		t.Errorf("%v", err)
	}
	if left := fake.Names(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestWhatCannotBeRemovedIsRemovedLater(t *testing.T) {
	fake := &containertest.Engine{Stuck: 2, Run: func(context.Context, *containertest.Container, io.Writer, io.Writer) int { return 0 }}
	e := open(t, fake)
	for n, want := range []int{1, 1, 0} { // the first one is stuck when it ends, and once more before the second begins
		p, err := e.Start(t.Context(), Command{Image: image}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Wait(); (err != nil) != (n == 0) {
			t.Errorf("container %d: %v", n, err)
		}
		if left := fake.Names(); len(left) != want {
			t.Errorf("after container %d: %v", n, left)
		}
	}
}

// A server that was killed leaves containers, which the next one knows by their label.
func TestWhatAKilledServerLeftIsRemoved(t *testing.T) {
	fake := &containertest.Engine{}
	e := open(t, fake)
	if err := e.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	gone, other, strange := e.server, e.server, e.server
	gone.begun += "0" // another process had the number
	other.space, other.begun = "1", gone.begun
	strange.uid, strange.begun = e.server.uid+1, gone.begun
	fake.Leave("dari-gone", map[string]string{Label: gone.String()})
	gone.pid = 1 << 30
	fake.Leave("dari-gone-too", map[string]string{Label: gone.String()})
	fake.Leave("committed", map[string]string{Label: gone.String()}) // of an image that was made of one of ours
	fake.Leave("dari-ours", map[string]string{Label: e.server.String()})
	fake.Leave("dari-elsewhere", map[string]string{Label: other.String()})
	fake.Leave("dari-of-somebody", map[string]string{Label: strange.String()})
	fake.Leave("dari-strange", map[string]string{Label: "what"})
	fake.Leave("dari-plain", nil)
	if err := e.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"committed", "dari-elsewhere", "dari-of-somebody", "dari-ours", "dari-plain", "dari-strange"}, fake.Names()); diff != "" {
		t.Error(diff)
	}
}

// listen answers every call with a function.
func listen(t *testing.T, f http.HandlerFunc) *Engine {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "engine.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: f}
	go func() { _ = server.Serve(l) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
	return &Engine{kind: "podman", client: newClient("podman", socket)}
}

func TestEnginesAreNotWaitedForForEver(t *testing.T) {
	e := listen(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	e.within = 10 * time.Millisecond
	if err := e.Find(t.Context(), image); err == nil || !strings.HasSuffix(err.Error(), "it did not answer within 10ms") {
		t.Errorf("%v", err)
	}
	end := make(chan error, 1)
	go func() {
		_, err := e.Start(t.Context(), Command{Image: image}, io.Discard)
		end <- err
	}()
	select {
	case err := <-end:
		if err == nil {
			t.Error("it started")
		}
	case <-time.After(time.Minute):
		t.Error("it waits for ever")
	}
}

func TestAnswersHaveABound(t *testing.T) {
	e := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(bytes.Repeat([]byte(" "), 64<<10)); err != nil {
				return
			}
		}
	})
	if err := e.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), "more than 4194304 bytes") {
		t.Errorf("%v", err)
	}
}

func TestAnEngineThatIsNotThereIsSaid(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "none.sock")
	e, err := Open("podman", socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Ping(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "podman cannot be reached, or not by dari") || !strings.Contains(err.Error(), socket) {
		t.Errorf("%v", err)
	}
}

func TestSocketsAreWhereEnginesHaveThem(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/1000")
	t.Setenv("CONTAINER_HOST", "")
	podman := "/run/podman/podman.sock"
	if os.Geteuid() != 0 {
		podman = "/run/user/1000/podman/podman.sock"
	}
	for host, want := range map[string]string{"": "/var/run/docker.sock", "unix:///run/user/1000/docker.sock": "/run/user/1000/docker.sock", "tcp://10.0.0.1:2375": "/var/run/docker.sock"} {
		t.Setenv("DOCKER_HOST", host)
		if got := usual("docker"); got != want || usual("podman") != podman {
			t.Errorf("with %q: %s, %s", host, got, usual("podman"))
		}
	}
}
