package app

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/sandbox/container"
	"github.com/dari-bus/dari/internal/sandbox/container/containertest"
)

func TestPartOfAnotherProgramStartsNothing(t *testing.T) {
	o := Defaults()
	b := &box{opt: &o}
	if err := b.prepare(t.Context()); err != nil || b.level() != "" {
		t.Errorf("%v, level %q", err, b.level())
	}
	if _, err := b.open(t.Context()); err == nil || !strings.Contains(err.Error(), "part of another program") {
		t.Errorf("%v", err)
	}
}

// left is a container of a server that is gone.
func left(t *testing.T) map[string]string {
	t.Helper()
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Skip("containers are run on Linux only")
	}
	return map[string]string{container.Label: fmt.Sprintf("%s.%d.%d.1", strings.Trim(space, "pid:[]"), os.Getuid(), 1<<30)}
}

func TestServersRemoveTheContainersOfThoseThatWereKilled(t *testing.T) {
	labels := left(t)
	var fake containertest.Engine
	containertest.Serve(t, &fake)
	fake.Leave("left", labels)
	var log bytes.Buffer
	o := Defaults()
	o.Starts, o.Log, o.FunctionsIn = true, slog.New(slog.NewTextHandler(&log, nil)), "docker:"+fake.Socket
	e := functionEngine{box: &box{opt: &o}}
	if e.prepare(t.Context()); len(fake.Names()) > 0 || !strings.Contains(log.String(), "functions run in containers") {
		t.Errorf("there are %v, and the log says %s", fake.Names(), &log)
	}
	o.FunctionsIn = "podman:" + fake.Socket + ".none"
	if e.prepare(t.Context()); !strings.Contains(log.String(), "is podman running, and may dari use its socket?") {
		t.Errorf("the log says %s", &log)
	}
}

func TestTheDoctorSaysWhereFunctionsAndBuildsRun(t *testing.T) {
	for _, c := range []struct {
		in, level string
		lacks     error
		want      string
	}{
		{"process", "namespaces", nil, "Functions and builds run in a sandbox at level namespaces; docs/sandbox.md says what that keeps apart.\n"},
		{"process", "landlock", nil, "Next: dari serve -sandbox=require"},
		{"docker", "namespaces", nil, "Functions run in containers of docker. Builds run in a sandbox at level namespaces"},
		{"docker", "", errors.New("no engine"), "Functions and builds cannot run here: no engine."},
		{"process", "", nil, ""},
	} {
		o := Defaults()
		o.FunctionsIn = c.in
		var b bytes.Buffer
		o.saySandbox(&b, c.level, c.lacks)
		if !strings.Contains(b.String(), c.want) || c.want == "" && b.Len() > 0 {
			t.Errorf("%+v: %s", c, &b)
		}
	}
}
