package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/sandbox"
)

// An interpreter is a program of this machine that runs the code of a runtime.
type interpreter struct {
	family  string // python, nodejs, or "" for what runs by itself
	exe     string
	version string
	boto3   bool
	// prefixes are the folders that it needs.
	prefixes []string
}

// A finding is what was found for a runtime, once.
type finding struct {
	once        sync.Once
	interpreter interpreter
	missing     string
}

// find finds the interpreter of a runtime on this machine, or says what is missing. A runtime for
// which nothing was found is looked for again.
func (e *Engine) find(ctx context.Context, runtime string) (interpreter, string) {
	e.mu.Lock()
	f := e.found[runtime]
	if f == nil {
		f = &finding{}
		e.found[runtime] = f
	}
	e.mu.Unlock()
	f.once.Do(func() { f.interpreter, f.missing = e.look(ctx, runtime) })
	if f.missing != "" {
		e.mu.Lock()
		delete(e.found, runtime)
		e.mu.Unlock()
	}
	return f.interpreter, f.missing
}

func (e *Engine) look(ctx context.Context, runtime string) (interpreter, string) {
	given := e.opt.Interpreters[runtime]
	switch {
	case strings.HasPrefix(runtime, "provided"):
		return interpreter{}, ""
	case strings.HasPrefix(runtime, "python3."):
		return e.findPython(ctx, strings.TrimPrefix(runtime, "python"), given)
	case strings.HasPrefix(runtime, "nodejs"):
		return e.findNode(ctx, strings.TrimSuffix(strings.TrimPrefix(runtime, "nodejs"), ".x"), given)
	}
	return interpreter{}, notOffered(runtime)
}

func notOffered(runtime string) string {
	return fmt.Sprintf("the runtime %s is not offered: there are python3.x, nodejs, and provided.al2023 and provided.al2 for everything else", runtime)
}

// findPython prefers the very version, then one that has the AWS SDK, which is
// part of the runtime at AWS.
func (e *Engine) findPython(ctx context.Context, version, given string) (interpreter, string) {
	candidates := onPath("python"+version, "python3")
	if given != "" {
		candidates = []string{given}
	}
	var best interpreter
	rank := func(i interpreter) int {
		n := 1
		if i.boto3 {
			n++
		}
		if strings.HasPrefix(i.version, version+".") {
			n += 2
		}
		return n
	}
	for _, c := range candidates {
		i, err := askPython(ctx, c)
		if err == nil && (best.exe == "" || rank(i) > rank(best)) && e.runs(ctx, i, "-c", "") {
			best = i
		}
	}
	if best.exe == "" {
		return best, missing("python"+version, "Python 3", "apt install python3 python3-boto3", given)
	}
	return best, ""
}

func (e *Engine) findNode(ctx context.Context, major, given string) (interpreter, string) {
	candidates := onPath("node")
	if given != "" {
		candidates = []string{given}
	}
	least, err := strconv.Atoi(major)
	if err != nil {
		return interpreter{}, fmt.Sprintf("the runtime nodejs%s.x is not offered: nodejs20.x is one that is", major)
	}
	for _, c := range candidates {
		i, err := askNode(ctx, c)
		if err != nil {
			continue
		}
		have, _, _ := strings.Cut(i.version, ".")
		if n, err := strconv.Atoi(have); err == nil && (n >= least || given != "") && e.runs(ctx, i, "-e", "") {
			return i, ""
		}
	}
	return interpreter{}, missing("nodejs"+major+".x", "Node "+major+" or newer", "https://nodejs.org has it", given)
}

func missing(runtime, what, how, given string) string {
	if given != "" {
		return fmt.Sprintf("%s, which is set for %s, does not run here", given, runtime)
	}
	return fmt.Sprintf("%s needs %s, which is not on the PATH of the server, or not where functions may read it (%s); or name one: dari serve -runtimes %s=/path/to/it", runtime, what, how, runtime)
}

// onPath are all programs of these names on PATH, in order.
func onPath(names ...string) []string {
	var all []string
	for _, name := range names {
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
				all = append(all, path)
			}
		}
	}
	return all
}

// askTime is how long an interpreter may take to say what it is.
const askTime = 20 * time.Second

// ask runs a program as the server, and reads the JSON that it prints. What is on
// PATH may be a shim of a shell, which is asked for the program behind it.
func ask(ctx context.Context, answer any, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, answer)
}

// runs reports whether functions can run an interpreter, too: theirs is another
// user, who may not get to where it is.
func (e *Engine) runs(ctx context.Context, i interpreter, args ...string) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	var binds []sandbox.Bind
	for _, p := range i.prefixes {
		binds = append(binds, sandbox.Bind{From: p, To: p})
	}
	exit, err := e.opt.Sandbox.Run(ctx, sandbox.Command{Path: i.exe, Args: args, Binds: binds, TmpBytes: 1 << 20})
	return err == nil && exit.Code == 0
}

func askPython(ctx context.Context, name string) (interpreter, error) {
	const question = `import sys, json, importlib.util as u
print(json.dumps({"exe": sys.executable, "prefixes": [sys.base_prefix, sys.prefix], "version": "%d.%d.%d" % sys.version_info[:3], "boto3": u.find_spec("boto3") is not None}))`
	var a struct {
		Exe, Version string
		Prefixes     []string
		Boto3        bool
	}
	if err := ask(ctx, &a, name, "-c", question); err != nil {
		return interpreter{}, err
	}
	return interpreter{family: "python", exe: a.Exe, version: a.Version, boto3: a.Boto3, prefixes: ownFolders(a.Prefixes...)}, nil
}

func askNode(ctx context.Context, name string) (interpreter, error) {
	var a struct{ Exe, Version string }
	if err := ask(ctx, &a, name, "-p", `JSON.stringify({exe: process.execPath, version: process.versions.node})`); err != nil {
		return interpreter{}, err
	}
	return interpreter{family: "nodejs", exe: a.Exe, version: a.Version, prefixes: ownFolders(filepath.Dir(filepath.Dir(a.Exe)))}, nil
}

// ownFolders are those of folders that are not part of the system anyway.
func ownFolders(prefixes ...string) []string {
	var all []string
	for _, p := range prefixes {
		if p == "/" || p == "/usr" || strings.HasPrefix(p, "/usr/") || len(all) > 0 && all[len(all)-1] == p {
			continue
		}
		all = append(all, p)
	}
	return all
}

// warning says in which way the interpreter is not what the runtime promises.
func (i interpreter) warning(runtime string) string {
	if i.exe != "" && i.family == "python" && !strings.HasPrefix(i.version, strings.TrimPrefix(runtime, "python")+".") {
		return fmt.Sprintf("%s runs with Python %s (%s), since its own version is not installed", runtime, i.version, i.exe)
	}
	return ""
}

// runtimeVersion is what the log calls the runtime, and an ARN of that.
func (i interpreter) runtimeVersion(c Config) (version, arn string) {
	version = c.Runtime
	if i.family != "" {
		version = i.family + ":" + i.version
	}
	return version, fmt.Sprintf("arn:aws:lambda:%s::runtime:%x", c.Region, sha256.Sum256([]byte(version)))
}
