package app

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dari-bus/dari/internal/wire"
)

// newServer sets the limits of a server that anybody on the network may reach.
// There is no limit on how long an answer takes: long polls and live tails are
// meant to.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// callMetrics counts the calls of the AWS APIs.
type callMetrics struct {
	calls   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newCallMetrics(r prometheus.Registerer) *callMetrics {
	m := &callMetrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dari_calls_total", Help: "Calls of the AWS APIs, by service, operation and error code (empty when it succeeded).",
		}, []string{"service", "operation", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dari_call_seconds", Help: "How long calls took, from their headers to the last byte of the answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 8),
		}, []string{"service", "operation"}),
	}
	r.MustRegister(m.calls, m.seconds)
	return m
}

func (m *callMetrics) observe(_ context.Context, o wire.Observation) {
	m.calls.WithLabelValues(o.Service, o.Operation, o.Code).Inc()
	m.seconds.WithLabelValues(o.Service, o.Operation).Observe(o.Duration.Seconds())
}
