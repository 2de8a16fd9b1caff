package dari

import (
	"cmp"
	"context"
	"io"
	"log/slog"

	"github.com/dari-bus/dari/internal/app"
)

// Options say how a Server runs. The zero value is right for a test.
type Options struct {
	// Listen is the address; default a free port on 127.0.0.1. Beyond loopback it
	// needs Insecure, since a Server has no access keys.
	Listen   string
	Insecure bool
	// Data is the directory that holds everything durable; "" keeps it in memory.
	Data string
	// Region and Account are those of callers whose credentials name none.
	// Default us-east-1 and 000000000000.
	Region, Account string
	// NoLimits lifts the count quotas, such as 300 rules per bus.
	NoLimits bool
	// Log hears what an operator should. Default: nothing is logged.
	Log io.Writer
}

// A Server is one running server.
type Server struct {
	app  *app.App
	stop context.CancelFunc
	done chan error
}

// Start opens a server and returns when it answers.
func Start(o Options) (*Server, error) {
	opt := app.Defaults()
	opt.Listen = cmp.Or(o.Listen, "127.0.0.1:0")
	opt.Insecure = o.Insecure
	opt.Data, opt.Ephemeral = o.Data, o.Data == ""
	opt.Region = cmp.Or(o.Region, opt.Region)
	opt.Account = cmp.Or(o.Account, opt.Account)
	if o.NoLimits {
		opt.Limits = "none"
	}
	opt.Log = slog.New(slog.DiscardHandler)
	if o.Log != nil {
		opt.Log = slog.New(slog.NewTextHandler(o.Log, nil))
	}
	ctx, stop := context.WithCancel(context.Background())
	a, err := app.Open(ctx, opt)
	if err != nil {
		stop()
		return nil, err
	}
	s := &Server{app: a, stop: stop, done: make(chan error, 1)}
	go func() { s.done <- a.Run(ctx) }()
	return s, nil
}

// URL is the endpoint for clients, such as http://127.0.0.1:40123.
func (s *Server) URL() string { return s.app.URL() }

// Close stops the server in order and returns when it has stopped. What was
// acknowledged and not delivered is in Data. It must be called once.
func (s *Server) Close() error {
	s.stop()
	return <-s.done
}
