package sandbox

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// What holds where there is Landlock: docs/sandbox.md says so. The rights of files
// would allow all of it.
func TestLandlockForbidsWhatIsNotGiven(t *testing.T) {
	dir := base(t)
	for path, text := range map[string]string{"home/secret": "private", "shown/tool": "tool\n", "shown/data/secret": "private", "shown/keys": "private"} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	data, keys := filepath.Join(dir, "shown/data"), filepath.Join(dir, "shown/keys")
	s := open(t, Options{Most: LevelLandlock, Scratch: filepath.Join(data, "scratch"), Hide: []string{data, keys}, Show: []string{filepath.Join(dir, "shown")}})
	code := filepath.Join(s.Scratch(), "code")
	if err := os.MkdirAll(code, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(code, "hello"), []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := Command{Dir: code, Binds: []Bind{{From: code, To: "/var/task"}}}
	out, _ := sh(t, s, c, fmt.Sprintf(`cd %[1]s
cat hello shown/tool home/secret shown/data/secret shown/keys; cat %[2]s/hello; ls / && echo saw; ls shown && echo saw; ls shown/data && echo saw
for f in home/secret shown/tool shown/keys shown/data/secret; do echo x >> $f; done
touch home/x shown/x shown/data/x %[2]s/x; mv shown/tool shown/moved; rm -f shown/keys; truncate -s 0 shown/data/secret
tr '\0' '\n' < /proc/%[3]d/environ && echo saw; readlink /proc/%[3]d/fd/1 && echo saw; cat /proc/%[3]d/maps && echo saw; ls /proc/%[3]d/root/ && echo saw
echo t > $TMPDIR/t; mkdir $TMPDIR/d; mv $TMPDIR/t $TMPDIR/d/; cat $TMPDIR/d/t; echo n > /dev/null; echo over`, dir, code, os.Getpid()))
	for _, want := range []string{"hello\n", "tool\n", "\nt\n", "over\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(out, "private") || strings.Contains(out, "saw\n") {
		t.Error("it saw what nobody gave it")
	}
	for path, want := range map[string]string{"home/secret": "private", "shown/tool": "tool\n", "shown/data/secret": "private", "shown/keys": "private"} {
		if text, err := os.ReadFile(filepath.Join(dir, path)); string(text) != want {
			t.Errorf("%s is now %q, %v", path, text, err)
		}
	}
	for _, path := range []string{"home/x", "shown/x", "shown/data/x"} {
		if _, err := os.Lstat(filepath.Join(dir, path)); err == nil {
			t.Errorf("it made %s", path)
		}
	}
	if t.Failed() {
		t.Logf("it printed:\n%s", out)
	}
}

// The process that watches a program has the same user, where the server is not
// root, and threads that can be told apart.
func TestLandlockKeepsSignalsFromTheServer(t *testing.T) {
	version, err := landlock()
	if err != nil || version < 6 {
		t.Skipf("this kernel cannot: version %d, %v", version, err)
	}
	s := open(t, Options{Most: LevelLandlock})
	out, exit := sh(t, s, Command{}, fmt.Sprintf(`kill -0 %d 2>/dev/null && echo sent
for i in 1 2 3 4 5 6 7 8 9; do for t in $(ls /proc/$PPID/task); do kill -9 $t 2>/dev/null && echo sent; done; done
sh -c 'kill -9 $$'; echo $?; exit 3`, os.Getpid()))
	if out != "137\n" && !strings.HasSuffix(out, "\n137\n") || strings.Contains(out, "sent") || exit.Code != 3 {
		t.Errorf("it printed %q, exit %+v", out, exit)
	}
}

// Older kernels, and newer ones, are not what this runs on: what they are asked for is a value.
func TestLandlockIsAskedForWhatItsVersionHas(t *testing.T) {
	const three, five, nine = 1<<15 - 1, 1<<16 - 1, 1<<17 - 1
	for version, want := range map[int]unix.LandlockRulesetAttr{
		3: {Handled_access_fs: three},
		4: {Handled_access_fs: three},
		5: {Handled_access_fs: five},
		6: {Handled_access_fs: five, Scoped: 3},
		8: {Handled_access_fs: five, Scoped: 3},
		9: {Handled_access_fs: nine, Scoped: 3},
	} {
		if diff := cmp.Diff(want, forbidden(version)); diff != "" {
			t.Errorf("version %d: %s", version, diff)
		}
	}
}

func TestGrantsGoAroundWhatIsHidden(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"a/one", "a/data/scratch/code", "a/data/store", "b/two"} {
		if err := os.MkdirAll(filepath.Join(dir, path), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"a/key", "a/file"} {
		if err := os.WriteFile(filepath.Join(dir, path), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("data", filepath.Join(dir, "a/link")); err != nil {
		t.Fatal(err)
	}
	at := func(path string) string { return filepath.Join(dir, path) }
	p := &place{
		Hide: []string{at("a/data"), at("a/key")}, Show: []string{at("a"), at("a/data/store"), at("b")},
		Binds: []Bind{{From: at("a/data/scratch/code"), To: "/var/task"}, {From: at("b/two"), To: "/tmp", Writable: true}},
	}
	all, err := p.grants()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, g := range all {
		if rest, ok := strings.CutPrefix(g.path, dir); ok {
			got[rest[1:]] = g.rights
		}
		if g.path == "/tmp" && strings.HasPrefix(dir, "/tmp/") {
			t.Error("/tmp is granted, in which something is hidden")
		}
	}
	want := map[string]uint64{"a/one": toShow, "a/file": toShow, "b": toShow, "a/data/scratch/code": toShow, "b/two": toWrite | unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A server without a data directory has its scratch folder in /tmp.
func TestLandlockKeepsProgramsOfOneUserApart(t *testing.T) {
	scratch, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	code := filepath.Join(scratch, "code")
	if err := os.Mkdir(code, 0o755); err != nil {
		t.Fatal(err)
	}
	p := &Process{sandbox: &Sandbox{level: LevelLandlock, scratch: scratch, hide: []string{"/nowhere"}}}
	pl, err := p.place(Command{Binds: []Bind{{From: code, To: "/var/task"}}})
	if err != nil {
		t.Fatal(err)
	}
	all, err := pl.grants()
	if err != nil {
		t.Fatal(err)
	}
	own := pl.Binds[1].From // for /tmp
	for _, g := range all {
		switch {
		case g.path == code && g.rights == toShow, g.path == own:
		case within(g.path, []string{scratch}), has(g.path, []string{scratch}):
			t.Errorf("it may do %#x with %s", g.rights, g.path)
		}
	}
	if len(all) == 0 || filepath.Dir(own) != scratch || len(p.sandbox.hide) != 1 {
		t.Errorf("it has %s and %d rights, and others lose %q", own, len(all), p.sandbox.hide)
	}
}

// This is a machine that lets nobody make namespaces: one that this test makes, of a
// child of its own.
func TestWithoutNamespacesThereIsLandlock(t *testing.T) {
	if os.Getenv("SANDBOX_TEST_NO_NAMESPACES") != "" {
		if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		s, err := Open(t.Context(), Options{Most: LevelNamespaces, Scratch: filepath.Join(base(t), "scratch"), Log: slog.New(slog.NewTextHandler(&b, nil))})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("level %s; %s\n", s.Level(), b.String())
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err = Open(t.Context(), Options{Most: LevelNamespaces, Require: true, Scratch: filepath.Join(base(t), "scratch"), Log: quiet}); err == nil || !strings.Contains(err.Error(), "this machine has no namespaces for functions and builds") {
			t.Errorf("where namespaces are required: %v", err)
		}
		return
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=TestWithoutNamespacesThereIsLandlock")
	cmd.Env = append(os.Environ(), "SANDBOX_TEST_NO_NAMESPACES=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: os.Getgid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_RESOURCE},
	}
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "level") {
		missing(t, "no namespaces here: %v\n%s", err, out)
	}
	want := []string{"level landlock", "no namespaces: "}
	if _, why := landlock(); why != nil {
		want = []string{"level process", "no namespaces: ", "no landlock: " + why.Error()}
	}
	if err != nil || slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(string(out), w) }) {
		t.Errorf("%v, want %q in\n%s", err, want, out)
	}
}
