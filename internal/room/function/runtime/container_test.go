//go:build linux

package runtime

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/sandbox"
	"github.com/dari-bus/dari/internal/sandbox/container"
	"github.com/dari-bus/dari/internal/sandbox/container/containertest"
)

// inContainers is an engine that has functions run in containers of a test.
func inContainers(t *testing.T, fake *containertest.Engine) *Engine {
	t.Helper()
	e := engine(t, sandbox.LevelProcess)
	fake.Images = []string{"public.ecr.aws/lambda/python:3.12", "public.ecr.aws/lambda/provided:al2023", "example.com/node"}
	containertest.Serve(t, fake)
	c, err := container.Open("docker", fake.Socket)
	if err != nil {
		t.Fatal(err)
	}
	e.opt.Interpreters = map[string]string{"nodejs22.x": "example.com/node"}
	e.host = containers{e, c}
	return e
}

// asProcess runs the function of AWS's bootstrap as the user that the container has: the
// Runtime API is for nobody else.
func asProcess(ctx context.Context, c *containertest.Container, stdout, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = append(c.Env, "RUNTIME_TEST_FUNCTION=1"), "/", stdout, stderr
	var uid, gid uint32
	if _, err := fmt.Sscanf(c.User, "%d:%d", &uid, &gid); err == nil && os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	}
	_ = cmd.Run() // its status says it
	return cmd.ProcessState.ExitCode()
}

// serve echoes what it is called with.
func serve() error {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(base + "next")
		if err != nil {
			return err
		}
		payload, err := io.ReadAll(next.Body)
		_ = next.Body.Close()
		switch {
		case err != nil:
			return err
		case string(payload) == `"exit"`:
			os.Exit(3)
		case string(payload) == `"hang"`:
			select {}
		}
		fmt.Printf("got %s\n", payload)
		resp, err := http.Post(base+next.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "application/json", bytes.NewReader(payload))
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
	}
}

func TestFunctionsRunInContainers(t *testing.T) {
	var made *containertest.Container
	fake := &containertest.Engine{Run: func(ctx context.Context, c *containertest.Container, stdout, stderr io.Writer) int {
		made = c
		return asProcess(ctx, c, stdout, stderr)
	}}
	e := inContainers(t, fake)
	code := folder(t, e, map[string]string{"index.py": ""})
	f := start(t, e, Config{Runtime: "python3.12", Handler: "index.handler", CodeDir: code, Env: map[string]string{"MINE": "yes"}})
	for n := range 2 {
		r := f.invoke(t, `{"n": 1}`)
		if string(r.Payload) != `{"n": 1}` || r.FunctionError != "" || r.MaxMemoryBytes != 36<<20 {
			t.Errorf("invocation %d: %+v, %s", n, r, r.LogTail)
		}
	}
	if len(fake.Names()) != 1 || !strings.HasPrefix(f.text(), "INIT_START Runtime Version: python:3.12\t") {
		t.Errorf("containers %v, log:\n%s", fake.Names(), f.text())
	}
	if made.Image != "public.ecr.aws/lambda/python:3.12" || made.Entrypoint != nil || strings.Join(made.Cmd, " ") != "index.handler" || made.WorkingDir != "/var/task" || made.User == "" {
		t.Errorf("%+v", made)
	}
	mounts, _ := made.HostConfig["Mounts"].([]any)
	if len(mounts) != 1 || mounts[0].(map[string]any)["Source"] != code || mounts[0].(map[string]any)["Target"] != "/var/task" {
		t.Errorf("mounts: %v", mounts)
	}
	for name, want := range map[string]string{"MINE": "yes", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "LAMBDA_TASK_ROOT": "/var/task", "_HANDLER": "index.handler", "_LAMBDA_TELEMETRY_LOG_FD": ""} {
		if got := made.Variable(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	f.Stop()
	if n := strings.Count(f.text(), "got {\"n\": 1}\n"); n != 2 {
		t.Errorf("its own lines, %d times:\n%s", n, f.text())
	}
	if left := fake.Names(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestContainersEndWithTheirFunctions(t *testing.T) {
	fake := &containertest.Engine{Run: asProcess}
	e := inContainers(t, fake)
	c := Config{Runtime: "nodejs22.x", Handler: "index.handler", CodeDir: folder(t, e, map[string]string{"index.mjs": ""}), Timeout: 300 * time.Millisecond}
	for payload, want := range map[string]string{`"exit"`: "Runtime exited with error: exit status 3", `"hang"`: "Task timed out after 0.30 seconds"} {
		if r := start(t, e, c).invoke(t, payload); r.FunctionError != unhandled || !strings.Contains(string(r.Payload), want) {
			t.Errorf("%s: %s", payload, r.Payload)
		}
	}
	if left := fake.Names(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestProgramsOfTheirOwnRunInContainers(t *testing.T) {
	var made *containertest.Container
	fake := &containertest.Engine{Run: func(ctx context.Context, c *containertest.Container, stdout, stderr io.Writer) int {
		made = c
		return asProcess(ctx, c, stdout, stderr)
	}}
	e := inContainers(t, fake)
	c := Config{Runtime: "provided.al2023", Handler: "none", CodeDir: folder(t, e, map[string]string{"readme": ""})}
	if r := start(t, e, c).invoke(t, `1`); !strings.Contains(string(r.Payload), "Couldn't find valid bootstrap(s)") || made != nil {
		t.Errorf("without one: %s", r.Payload)
	}
	layer := folder(t, e, map[string]string{"bootstrap": ""})
	c.LayerDirs = []string{layer}
	if r := start(t, e, c).invoke(t, `1`); string(r.Payload) != "1" || strings.Join(made.Entrypoint, " ") != "/opt/bootstrap" || len(made.Cmd) > 0 {
		t.Errorf("%s, %+v", r.Payload, made)
	}
}

func TestAnImageThatIsMissingIsSaidInTheLog(t *testing.T) {
	e := inContainers(t, &containertest.Engine{})
	f := start(t, e, Config{Runtime: "python3.13", Handler: "index.handler", CodeDir: filepath.Dir(folder(t, e, nil))})
	const says = "nothing is downloaded by itself: docker pull public.ecr.aws/lambda/python:3.13"
	if r := f.invoke(t, `1`); !strings.Contains(string(r.Payload), says) || !strings.Contains(f.text(), "dari: python3.13 cannot run: the image ") {
		t.Errorf("%s\n%s", r.Payload, f.text())
	}
}

// The log of an invocation has what the function printed before its end.
func TestLinesOfContainersAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		p := &prints{to: w}
		defer w.Close()
		for lines, want := range map[int]time.Duration{0: 5 * time.Millisecond, 3: 17 * time.Millisecond, 1000: 100 * time.Millisecond} {
			begun := time.Now()
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				for range lines {
					if time.Sleep(4 * time.Millisecond); ctx.Err() != nil {
						return
					}
					_, _ = p.Write([]byte("x"))
				}
			}()
			p.settle()
			cancel()
			if took := time.Since(begun); took < want || took > want+4*time.Millisecond {
				t.Errorf("after %d lines: %s, not %s", lines, took, want)
			}
			synctest.Wait()
			time.Sleep(time.Second)
		}
	})
}

func TestAnEngineThatIsNotThereIsSaidInTheLog(t *testing.T) {
	e := inContainers(t, &containertest.Engine{})
	c, err := container.Open("docker", filepath.Join(t.TempDir(), "none.sock"))
	if err != nil {
		t.Fatal(err)
	}
	e.host = containers{e, c}
	f := start(t, e, Config{Runtime: "python3.12", Handler: "index.handler", CodeDir: folder(t, e, nil)})
	const says = "python3.12 cannot run: docker cannot be reached"
	if r := f.invoke(t, `1`); !strings.Contains(string(r.Payload), says) || !strings.Contains(f.text(), "dari: "+says) {
		t.Errorf("%s\n%s", r.Payload, f.text())
	}
}
