package app

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/dari-bus/dari/internal/door"
)

// newServer sets the limits of a server that anybody on the network may reach.
// There is no limit on how long an answer takes: long polls and live tails are
// meant to. The listener sees to those who do not read theirs.
func newServer(h http.Handler, l *door.Listener, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		IdleTimeout:       50 * time.Second, // also for those whose answers nobody takes out of the kernel
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ConnState:         l.State,
		ConnContext:       l.Context,
	}
}
