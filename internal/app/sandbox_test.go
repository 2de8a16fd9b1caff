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
	fake.Leave("dari-left", labels)
	var log bytes.Buffer
	o := Defaults()
	o.Starts, o.Log, o.FunctionsIn = true, slog.New(slog.NewTextHandler(&log, nil)), "docker:"+fake.Socket
	e := functionEngine{box: &box{opt: &o}}
	if e.prepare(t.Context()); len(fake.Names()) > 0 || !strings.Contains(log.String(), "functions run in containers") {
		t.Errorf("there are %v, and the log says %s", fake.Names(), &log)
	}
	o.FunctionsIn = "podman:" + fake.Socket + ".none"
	if e.prepare(t.Context()); !strings.Contains(log.String(), "podman cannot be reached") {
		t.Errorf("the log says %s", &log)
	}
}

func TestTheDoctorSaysWhereFunctionsAndBuildsRun(t *testing.T) {
	for _, c := range []struct {
		in, level           string
		noSandbox, noEngine error
		want                string
	}{
		{"process", "namespaces", nil, nil, "* Functions and builds run in a sandbox at level namespaces; docs/sandbox.md says what that keeps apart.\n"},
		{"process", "landlock", nil, nil, "Next: dari serve -sandbox=require"},
		{"process", "", errors.New("none"), nil, "* Functions and builds cannot run here: none.\n"},
		{"docker", "namespaces", nil, nil, "* Functions run in containers of docker.\n\n* Builds run in a sandbox at level namespaces"},
		{"docker", "namespaces", nil, errors.New("none"), "* Functions cannot run: none.\n  Next: start it"},
		{"process", "", nil, nil, ""},
	} {
		o := Defaults()
		o.FunctionsIn = c.in
		var b bytes.Buffer
		o.sayWhereCodeRuns(&b, c.level, c.noSandbox, c.noEngine)
		if !strings.Contains(b.String(), c.want) || c.want == "" && b.Len() > 0 {
			t.Errorf("%+v: %s", c, &b)
		}
	}
}
