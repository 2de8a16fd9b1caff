package container

import (
	"fmt"

	"github.com/dari-bus/dari/internal/sandbox"
)

// A Command is what to run, and what it gets.
type Command struct {
	Image string
	// Entrypoint is the program, where it is not that of the image, and Args are its
	// arguments.
	Entrypoint, Args []string
	// Env comes on top of that of the image.
	Env []string
	Dir string
	// User is who runs it, a number or two with a colon between them.
	User  string
	Binds []sandbox.Bind
	// TmpBytes is the size of /tmp, which is a part of MemoryBytes.
	TmpBytes     int64
	MemoryBytes  int64
	MaxProcesses int
}

// These are the engine's words for it.
type (
	create struct {
		Image        string
		Entrypoint   []string `json:",omitempty"`
		Cmd          []string
		Env          []string
		WorkingDir   string
		User         string
		Labels       map[string]string
		AttachStdout bool
		AttachStderr bool
		HostConfig   hostConfig
	}
	hostConfig struct {
		NetworkMode    string
		ReadonlyRootfs bool
		CapDrop        []string
		SecurityOpt    []string
		Memory         int64
		MemorySwap     int64
		PidsLimit      int64
		Mounts         []mount
		Tmpfs          map[string]string
		Ulimits        []ulimit
		LogConfig      struct{ Type string }
	}
	mount struct {
		Type, Source, Target string
		ReadOnly             bool
	}
	ulimit struct {
		Name       string
		Soft, Hard int64
	}
)

// spell says it in the engine's words. The network is the machine's, so that the
// server is where it is for everybody.
func (e *Engine) spell(c Command) create {
	host := hostConfig{
		NetworkMode: "host", ReadonlyRootfs: true, CapDrop: []string{"ALL"}, SecurityOpt: []string{"no-new-privileges"},
		Memory: c.MemoryBytes, MemorySwap: c.MemoryBytes, PidsLimit: int64(c.MaxProcesses),
		Tmpfs:   map[string]string{"/tmp": tmpfs(c.TmpBytes)},
		Ulimits: []ulimit{{Name: "core"}},
	}
	host.LogConfig.Type = "none" // it goes to us, and to no disk
	for _, b := range c.Binds {
		host.Mounts = append(host.Mounts, mount{Type: "bind", Source: b.From, Target: b.To, ReadOnly: !b.Writable})
	}
	return create{
		Image: c.Image, Entrypoint: c.Entrypoint, Cmd: c.Args, Env: c.Env, WorkingDir: c.Dir, User: c.User,
		Labels: map[string]string{Label: e.server.String()}, AttachStdout: true, AttachStderr: true, HostConfig: host,
	}
}

// tmpfs are the options of a folder in memory that programs may be run from.
func tmpfs(size int64) string {
	return fmt.Sprintf("rw,exec,nosuid,nodev,mode=1777,size=%d", max(size, 1<<20))
}
