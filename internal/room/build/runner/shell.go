package runner

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/sandbox"
)

// driver is what the first process of a build does: it waits to be told of a command,
// has it run, and says how it ended. Descriptor 3 is where it is told, and 4 a file
// that a command's variables are put into.
const driver = `exec 2>&1
while read -r mark <&3; do
  "$1" "$2" 3<&-
  printf '\001%s %d\001' "$mark" $?
done`

// prologue begins the script of each command, in three lines, as CodeBuild's does:
// a shell's complaints count the lines of the command from four on.
const prologue = `. %s
trap '/usr/bin/env -0 >&4' EXIT
set -a
%s
`

// A shell is the commands of a build while they run.
type shell struct {
	log     *transcript
	process *sandbox.Process
	// exited is closed when the first process has ended.
	exited   chan struct{}
	requests *os.File
	// script, env and state are the command, the variables that it begins with and those
	// that it leaves. They belong to the commands, which may do with them what they like:
	// here they are touched through these descriptors only.
	script, env, state *os.File
	// envName is where commands find env.
	envName string
	// inherited are the variables that the first process has and hands on by itself,
	// initial those that a build begins with, and now those that the next command does,
	// with the folder as PWD.
	inherited, initial, now map[string]string
	dir                     string
	fresh                   bool
}

// startShell starts the first process of a build, with a program as the shell of its
// commands. control is a folder that c binds to insideControl.
func startShell(ctx context.Context, box *sandbox.Sandbox, c sandbox.Command, program, control string, log *transcript) (_ *shell, err error) {
	s := &shell{log: log, exited: make(chan struct{}), inherited: map[string]string{}, dir: c.Dir}
	for _, v := range c.Env {
		name, value, _ := strings.Cut(v, "=")
		s.inherited[name] = value
	}
	s.initial = maps.Clone(s.inherited)
	s.reset()
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	for name, f := range map[string]**os.File{"script.sh": &s.script, "env.sh": &s.env, "state": &s.state} {
		if *f, err = os.OpenFile(filepath.Join(control, name), os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600); err != nil {
			return nil, err
		}
	}
	orders, requests, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer orders.Close()
	s.requests = requests
	inside := box.At(sandbox.Bind{From: control, To: insideControl})
	s.envName = filepath.Join(inside, "env.sh")
	c.Path, c.Args = "/bin/sh", []string{"-c", driver, "sh", program, filepath.Join(inside, "script.sh")}
	c.Stdout, c.Stderr, c.ExtraFiles = log, log, []*os.File{orders, s.state}
	if s.process, err = box.Start(ctx, c); err != nil {
		return nil, err
	}
	go func() {
		_, _ = s.process.Wait() // how it ended is seen by the command that has no end
		close(s.exited)
	}()
	return s, nil
}

// reset gives the next command what the first one began with.
func (s *shell) reset() {
	s.now = maps.Clone(s.initial)
	s.now["PWD"] = s.dir
}

// set changes a variable for all commands from now on.
func (s *shell) set(name, value string) { s.initial[name], s.now[name] = value, value }

// errGone means that the shell itself was killed.
var errGone = errors.New("signal: killed")

// run has a command run and returns nil when its status is 0, and else an error that
// says "exit status 2".
func (s *shell) run(ctx context.Context, command string) error {
	if s.fresh {
		s.reset()
	}
	if err := s.prepare(command); err != nil {
		return err
	}
	mark := rand.Text()
	s.log.expect(mark)
	if _, err := io.WriteString(s.requests, mark+"\n"); err != nil {
		return errGone
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.exited:
		return errGone
	case status := <-s.log.ended:
		if err := s.remember(); err != nil {
			return err
		}
		if status != "0" {
			return fmt.Errorf("exit status %s", status)
		}
		return nil
	}
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// prepare writes the script of a command, and in which variables it differs from the
// first process.
func (s *shell) prepare(command string) error {
	var env bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(s.inherited)) {
		if _, ok := s.now[name]; !ok {
			fmt.Fprintf(&env, "unset %s\n", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.now)) {
		if old, ok := s.inherited[name]; (!ok || old != s.now[name]) && identifier.MatchString(name) && name != "PWD" {
			fmt.Fprintf(&env, "export %s=%s\n", name, quote(s.now[name]))
		}
	}
	fmt.Fprintf(&env, "cd -- %s\n", quote(s.now["PWD"]))
	return errors.Join(rewrite(s.env, env.Bytes()), rewrite(s.script, fmt.Appendf(nil, prologue, quote(s.envName), command)), s.state.Truncate(0))
}

// rewrite makes text all that is in a file that is appended to.
func rewrite(f *os.File, text []byte) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.Write(text)
	return err
}

// maxState is how much the variables of a command may be together.
const maxState = 1 << 20

// remember reads the variables that a command has left. Where it has left none, since
// it was killed or has set a trap of its own, those from before it stand.
func (s *shell) remember() error {
	text, err := io.ReadAll(io.NewSectionReader(s.state, 0, maxState+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxState:
		return clientError("the variables of a command have more than " + strconv.Itoa(maxState) + " bytes")
	case len(text) == 0 || text[len(text)-1] != 0:
		return nil
	}
	s.now = map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimSuffix(string(text), "\x00"), "\x00") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			s.now[name] = value
		}
	}
	delete(s.now, "_")
	return nil
}

// end kills what is left of the commands.
func (s *shell) end() {
	s.process.Kill()
	<-s.exited
	s.close()
}

func (s *shell) close() {
	for _, f := range []*os.File{s.requests, s.script, s.env, s.state} {
		if f != nil {
			_ = f.Close() // nobody reads it any more
		}
	}
}

// quote writes a text as a shell reads it as one word.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
