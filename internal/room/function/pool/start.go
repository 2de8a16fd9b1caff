package pool

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runtime"
)

// start starts an environment that there is room for.
func (p *Pool) start(ctx context.Context, f catalog.Found, e *environment) error {
	credentials, expires, err := p.opt.Roles.Assume(ctx, f.At, f.Role)
	if err != nil {
		return err
	}
	e.expires = expires
	folders, done, err := p.folders(ctx, f)
	if err != nil {
		return err
	}
	stream := streamName(f.Number)
	e.log = newLogging(p.opt.Logs, p.opt.Log, f.At, f.LogGroup, stream)
	e.done = func() {
		e.log.close()
		done()
	}
	e.Environment, err = p.opt.Engine.Start(p.ctx, runtime.Config{
		Name: f.At.Name, Version: f.Number, ARN: f.At.Whole().ARN(), Runtime: f.Runtime, Handler: f.Handler,
		CodeDir: folders[0], LayerDirs: folders[1:], Env: f.Environment,
		MemoryMB: f.Memory, StorageMB: f.Storage, Timeout: time.Duration(f.Timeout) * time.Second,
		Credentials: credentials,
		Region:      f.At.Region, Endpoint: p.opt.Endpoint(), LogGroup: f.LogGroup, LogStream: stream,
		Provisioned: e.kept, Log: e.log.add, JSONLog: f.LogFormat == "JSON", LogLevel: f.ApplicationLogLevel,
	})
	return err
}

// folders are those of the code of a version and of its layers.
func (p *Pool) folders(ctx context.Context, f catalog.Found) (dirs []string, done func(), err error) {
	var leave []func()
	done = func() {
		for _, fn := range leave {
			fn()
		}
	}
	refs := []catalog.LayerUse{{Code: f.Code}}
	for _, ref := range append(refs, f.Layers...) {
		dir, fn, err := p.opt.Code.Folder(ctx, ref.Code)
		if err != nil {
			done()
			return nil, nil, fmt.Errorf("unpack the code of %s: %w", f.At.ARN(), err)
		}
		dirs, leave = append(dirs, dir), append(leave, fn)
	}
	return dirs, done, nil
}

// streamName is what the log of an environment is called, as at AWS.
func streamName(version string) string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return time.Now().UTC().Format("2006/01/02/") + "[" + version + "]" + hex.EncodeToString(id)
}

// end stops an environment and lets go of what it had. It may not have been started.
func (e *environment) end() {
	if e.Environment != nil {
		e.Stop()
	}
	if e.done != nil {
		e.done()
	}
}
