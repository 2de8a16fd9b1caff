//go:build linux

package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == InitCommand {
		Init()
	}
	// A first process that is built with the race detector else waits for a second to end.
	initEnv = append(initEnv, "GORACE=atexit_sleep_ms=0")
	os.Exit(m.Run())
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// long keeps a test that takes its time out of short runs.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes its time")
	}
}

// missing ends a test that cannot run here.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// base is a folder that programs with another user can get to.
func base(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "sandbox-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = remove(dir) })
	return dir
}

func open(t *testing.T, opt Options) *Sandbox {
	t.Helper()
	if opt.Scratch == "" {
		opt.Scratch = filepath.Join(base(t), "scratch")
	}
	opt.Log, opt.Require = quiet, true
	s, err := Open(t.Context(), opt)
	if _, why := landlock(); err != nil && why != nil && opt.Most == LevelLandlock {
		t.Skipf("this kernel cannot: %v", why)
	}
	if err != nil {
		missing(t, "no sandbox here: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.Scratch()); !os.IsNotExist(err) {
			t.Errorf("the scratch folder is still there: %v", err)
		}
	})
	return s
}

// each runs a test at each level.
func each(t *testing.T, f func(t *testing.T, s *Sandbox)) {
	for _, level := range []Level{LevelNamespaces, LevelLandlock, LevelProcess} {
		t.Run(level.String(), func(t *testing.T) {
			s := open(t, Options{Most: level})
			if s.Level() != level {
				t.Fatalf("level is %s", s.Level())
			}
			f(t, s)
		})
	}
}

// sh runs a script and returns what it printed.
func sh(t *testing.T, s *Sandbox, c Command, script string) (string, Exit) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out bytes.Buffer
	c.Path, c.Args, c.Stdout, c.Stderr = "/bin/sh", []string{"-c", script}, &out, &out
	if c.Env == nil {
		c.Env = []string{"PATH=/usr/bin:/bin"}
	}
	exit, err := s.Run(ctx, c)
	if err != nil {
		t.Fatalf("%v; it printed %s", err, out.String())
	}
	if ctx.Err() != nil {
		t.Fatalf("it did not end; it printed %s", out.String())
	}
	return out.String(), exit
}

func TestExitIsReported(t *testing.T) {
	each(t, func(t *testing.T, s *Sandbox) {
		if out, exit := sh(t, s, Command{}, "echo out; echo err >&2; exit 7"); exit.Code != 7 || exit.Signal != "" || out != "out\nerr\n" {
			t.Errorf("exit %+v, output %q", exit, out)
		}
		if _, exit := sh(t, s, Command{}, "kill -KILL $$"); exit.Signal != "killed" || exit.Code != -1 {
			t.Errorf("exit of what killed itself: %+v", exit)
		}
		_, err := s.Run(t.Context(), Command{Path: "/nowhere"})
		if err == nil || err.Error() != "fork/exec /nowhere: no such file or directory" {
			t.Errorf("a program that is not there: %v", err)
		}
	})
}

func TestNothingIsInherited(t *testing.T) {
	t.Setenv("DARI_SECRET_KEY", "secret")
	each(t, func(t *testing.T, s *Sandbox) {
		out, _ := sh(t, s, Command{Env: []string{"A=1"}}, "/usr/bin/env; ls /proc/self/fd | wc -l; grep -E 'NoNewPrivs|CapPrm|CapAmb|CapInh' /proc/self/status; read x; echo read $?")
		if strings.Contains(out, "secret") || !strings.Contains(out, "A=1\n") {
			t.Errorf("environment:\n%s", out)
		}
		// ls has 0, 1, 2 and the folder it reads.
		for _, want := range []string{"\n4\n", "NoNewPrivs:\t1\n", "CapPrm:\t0000000000000000\n", "CapInh:\t0000000000000000\n", "CapAmb:\t0000000000000000\n", "read 1\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is missing from\n%s", want, out)
			}
		}
	})
}

func TestDescriptorsArePassedOn(t *testing.T) {
	each(t, func(t *testing.T, s *Sandbox) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		sh(t, s, Command{ExtraFiles: []*os.File{w}}, "echo framed >&3")
		w.Close()
		if text, _ := io.ReadAll(r); string(text) != "framed\n" {
			t.Errorf("descriptor 3 carried %q", text)
		}
	})
}

func TestFoldersAreBound(t *testing.T) {
	each(t, func(t *testing.T, s *Sandbox) {
		code, work := filepath.Join(s.Scratch(), "code"), filepath.Join(s.Scratch(), "work")
		for _, dir := range []string{code, work} {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(code, "hello"), []byte("hello\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		task := Bind{From: code, To: "/var/task"}
		src := Bind{From: work, To: "/codebuild/output/src1", Writable: true}
		script := fmt.Sprintf("cat %s/hello; echo made > %s/made; echo t > ${TMPDIR:-/tmp}/t && cat ${TMPDIR:-/tmp}/t; pwd", s.At(task), s.At(src))
		out, _ := sh(t, s, Command{Binds: []Bind{task, src}, Dir: s.At(task)}, script)
		if want := "hello\nt\n" + s.At(task) + "\n"; out != want {
			t.Errorf("it printed %q, want %q", out, want)
		}
		if made, err := os.ReadFile(filepath.Join(work, "made")); string(made) != "made\n" {
			t.Errorf("what it made: %q, %v", made, err)
		}
		if left, _ := filepath.Glob(filepath.Join(s.Scratch(), "tmp-*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

// What holds only where there are namespaces: docs/sandbox.md says so.
func TestNamespacesHide(t *testing.T) {
	dir := base(t)
	key, data := filepath.Join(dir, "keys"), filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{key, filepath.Join(data, "secret")} {
		if err := os.WriteFile(f, []byte("secret"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, Options{Most: LevelNamespaces, Hide: []string{key, data}, Show: []string{dir}})
	if err := os.MkdirAll(filepath.Join(s.Scratch(), "code"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := Command{TmpBytes: 1 << 20, Binds: []Bind{{From: filepath.Join(s.Scratch(), "code"), To: "/var/task"}}}
	script := fmt.Sprintf(`cat %[1]s; ls -A %[2]s; echo x > %[2]s/x; echo x > /usr/x; echo x > /etc/x; echo x > /var/task/x; echo x > /x
ls -A /home /root /mnt 2>/dev/null; echo pids $(ls -d /proc/[0-9]* | wc -l); kill -9 %[3]d; kill -9 1 ; kill -TERM 1; echo alive; ls /proc/1/fd
head -c 2000000 /dev/zero > /tmp/big; ls -l /tmp/big | wc -l; mount -t tmpfs t /mnt; umount %[2]s; ls -d /dev/kmsg`, key, data, os.Getpid())
	out, _ := sh(t, s, c, script)
	if strings.Contains(out, "secret") || !strings.Contains(out, "alive") {
		t.Errorf("it printed:\n%s", out)
	}
	for _, want := range []string{"Read-only file system", "No space left on device", "No such process", "/proc/1/fd"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	for _, f := range []string{"/usr/x", "/etc/x", "/x", filepath.Join(data, "x"), filepath.Join(s.Scratch(), "code", "x")} {
		if _, err := os.Lstat(f); err == nil {
			t.Errorf("it wrote %s", f)
		}
	}
}

// An interpreter may be installed in the folder that the data are in, too.
func TestWhatIsBoundHidesAsWell(t *testing.T) {
	for _, level := range []Level{LevelNamespaces, LevelLandlock} {
		t.Run(level.String(), func(t *testing.T) {
			dir := base(t)
			home, data, key := filepath.Join(dir, "home"), filepath.Join(dir, "home", "data"), filepath.Join(dir, "home", "key")
			if err := os.MkdirAll(data, 0o755); err != nil {
				t.Fatal(err)
			}
			for path, text := range map[string]string{key: "secret", filepath.Join(data, "f"): "secret", filepath.Join(home, "tool"): "tool\n"} {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			s := open(t, Options{Most: level, Hide: []string{data, key}})
			tools := Bind{From: home, To: "/var/tools"}
			out, _ := sh(t, s, Command{Binds: []Bind{tools}}, fmt.Sprintf("cd %s; cat tool key data/f", s.At(tools)))
			if !strings.HasPrefix(out, "tool\n") || strings.Contains(out, "secret") {
				t.Errorf("it printed:\n%s", out)
			}
		})
	}
}

// alive reports whether a process on this machine runs the command line.
func alive(t *testing.T, mark string) bool {
	t.Helper()
	procs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range procs {
		if line, err := os.ReadFile(p); err == nil && bytes.Contains(line, []byte(mark)) && !strings.Contains(p, strconv.Itoa(os.Getpid())) {
			return true
		}
	}
	return false
}

func TestNothingOutlivesTheProgram(t *testing.T) {
	each(t, func(t *testing.T, s *Sandbox) {
		// sleep takes no options: the number is our mark.
		mark := fmt.Sprintf("1%d%d", os.Getpid(), s.Level())
		sh(t, s, Command{}, fmt.Sprintf("setsid sh -c 'sleep %s & sleep %s & wait' >/dev/null 2>&1 & sleep %s >/dev/null & sleep 0.2; exit 0", mark, mark, mark))
		if alive(t, "sleep\x00"+mark) {
			t.Error("something still runs")
		}
	})
}

func TestKillEndsEverything(t *testing.T) {
	each(t, func(t *testing.T, s *Sandbox) {
		mark := fmt.Sprintf("2%d%d", os.Getpid(), s.Level())
		for name, end := range map[string]func(*Process, context.CancelFunc){
			"kill": func(p *Process, _ context.CancelFunc) { p.Kill() },
			"ctx":  func(_ *Process, cancel context.CancelFunc) { cancel() },
		} {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			p, err := s.Start(ctx, Command{Path: "/bin/sh", Args: []string{"-c", "trap '' TERM; setsid sleep " + mark + " & echo up >&3; sleep " + mark}, Env: []string{"PATH=/usr/bin:/bin"}, ExtraFiles: []*os.File{w}})
			w.Close()
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.ReadFull(r, make([]byte, 3))
			if err := p.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			end(p, cancel)
			exit, err := p.Wait()
			cancel()
			r.Close()
			if exit.Signal != "killed" || err != nil {
				t.Errorf("%s: exit %+v, %v", name, exit, err)
			}
			if alive(t, "sleep\x00"+mark) {
				t.Errorf("%s: something still runs", name)
			}
		}
	})
}

func TestSignalsReachTheProgram(t *testing.T) {
	each(t, func(t *testing.T, s *Sandbox) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		p, err := s.Start(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", "trap 'exit 9' TERM; echo up >&3; while :; do sleep 0.05; done"}, Env: []string{"PATH=/usr/bin:/bin"}, ExtraFiles: []*os.File{w}})
		w.Close()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadFull(r, make([]byte, 3))
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if exit, err := p.Wait(); exit.Code != 9 || err != nil {
			t.Errorf("exit %+v, %v", exit, err)
		}
	})
}

func python(t *testing.T) string {
	t.Helper()
	for _, p := range []string{"/usr/bin/python3", "/usr/local/bin/python3"} {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	missing(t, "python3 is not installed")
	return ""
}

func TestMemoryHogIsKilled(t *testing.T) {
	long(t)
	py := python(t)
	each(t, func(t *testing.T, s *Sandbox) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		// In a child, so that the tree counts.
		hog := "import os,time\nif os.fork(): os.wait()\nb=[]\nwhile True:\n b.append(b'x'*(4<<20)); time.sleep(0.002)\n"
		exit, err := s.Run(ctx, Command{Path: py, Args: []string{"-c", hog}, MemoryBytes: 128 << 20})
		if err != nil || !exit.OutOfMemory || exit.Signal != "killed" {
			t.Errorf("exit %+v, %v", exit, err)
		}
		if exit.MaxMemoryBytes < 128<<20 || exit.MaxMemoryBytes > 1<<30 {
			t.Errorf("it had %d bytes at most", exit.MaxMemoryBytes)
		}
	})
}

func TestShortProgramsHaveAMemoryToo(t *testing.T) {
	each(t, func(t *testing.T, s *Sandbox) {
		if _, exit := sh(t, s, Command{}, "exit 0"); exit.MaxMemoryBytes < 100<<10 {
			t.Errorf("it had %d bytes at most", exit.MaxMemoryBytes)
		}
	})
}

func TestForkBombIsContained(t *testing.T) {
	long(t)
	py := python(t)
	each(t, func(t *testing.T, s *Sandbox) {
		bomb := `
import os, time
end, n, failed = time.time() + 2, 0, 0
while time.time() < end:
    try:
        if os.fork() == 0:
            while True:
                try: os.fork()
                except OSError: time.sleep(0.01)
        n += 1
    except OSError: failed += 1; time.sleep(0.01)
print("failed" if failed else "all went well", flush=True)
`
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		var out bytes.Buffer
		exit, err := s.Run(ctx, Command{Path: py, Args: []string{"-c", bomb}, MaxProcesses: 64, Stdout: &out})
		if err != nil || exit.Code != 0 || strings.TrimSpace(out.String()) != "failed" {
			t.Errorf("exit %+v, %v, output %q", exit, err, out.String())
		}
		if alive(t, "os.fork() == 0") {
			t.Error("something still runs")
		}
	})
}

func TestUsersArePartedWhereTheServerIsRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("this is not root")
	}
	dir := base(t)
	private := filepath.Join(dir, "private")
	if err := os.WriteFile(private, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, s *Sandbox) {
		out, _ := sh(t, s, Command{}, fmt.Sprintf("id -u; id -G; cat %s /etc/shadow; kill -0 %d", private, os.Getpid()))
		lines := strings.Split(out, "\n")
		if uid, err := strconv.Atoi(lines[0]); err != nil || uid == 0 || lines[1] != lines[0] || strings.Contains(out, "secret") || strings.Contains(out, "root:") {
			t.Errorf("it printed:\n%s", out)
		}
		other, _ := sh(t, s, Command{}, "id -u")
		if strings.TrimSpace(other) == lines[0] {
			t.Error("the next program has the same user")
		}
		u, err := s.NewUser()
		if err != nil {
			t.Fatal(err)
		}
		defer u.Release()
		one, _ := sh(t, s, Command{User: u}, "id -u")
		two, _ := sh(t, s, Command{User: u}, "id -u")
		if one != two {
			t.Errorf("commands that belong together have the users %s and %s", one, two)
		}
	})
}

// What is interrupted must not end at a lower level than the machine has.
func TestInterruptedOpeningIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := Open(ctx, Options{Most: LevelNamespaces, Scratch: filepath.Join(base(t), "scratch"), Log: quiet})
	if err == nil {
		t.Errorf("it opened at level %s", s.Level())
	}
}

// These are the same tests where the server is nobody special.
func TestOrdinaryUser(t *testing.T) {
	long(t)
	if os.Getuid() != 0 {
		t.Skip("this is one already")
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^Test[^O]")
	cmd.Env = append(os.Environ(), "CI=true") // so that nothing is skipped
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A server that is killed leaves nothing: a child of this test stands for it.
func TestNothingOutlivesTheServer(t *testing.T) {
	if mark := os.Getenv("SANDBOX_TEST_MARK"); mark != "" {
		each(t, func(t *testing.T, s *Sandbox) {
			if os.Getenv("SANDBOX_TEST_LEVEL") != s.Level().String() {
				return
			}
			_, _ = s.Start(t.Context(), Command{Path: "/bin/sh", Args: []string{"-c", "setsid sleep " + mark + " & sleep " + mark}, Env: []string{"PATH=/usr/bin:/bin"}})
			fmt.Println("up")
			select {}
		})
	}
	for _, level := range []Level{LevelNamespaces, LevelLandlock, LevelProcess} {
		if _, err := landlock(); err != nil && level == LevelLandlock {
			continue
		}
		mark := fmt.Sprintf("3%d%d", os.Getpid(), level)
		cmd := exec.Command("/proc/self/exe", "-test.run=TestNothingOutlivesTheServer")
		cmd.Env = append(os.Environ(), "SANDBOX_TEST_MARK="+mark, "SANDBOX_TEST_LEVEL="+level.String(), "TMPDIR="+base(t))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(time.Minute)
		for !alive(t, "sleep\x00"+mark) && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond) // another process is what we wait for
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		for alive(t, "sleep\x00"+mark) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: something still runs", level)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}
