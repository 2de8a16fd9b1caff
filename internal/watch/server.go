package watch

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// What is counted beside the events themselves.
var (
	calls = metric{
		name: "dari_calls_total", labels: []string{"service", "operation", "code"},
		help: "Calls of the AWS APIs, by service and operation; code is the error code that the caller got, and empty when the call succeeded [PutEventsApproximateCallCount and its like].",
	}
	callSeconds = metric{
		name: "dari_call_duration_seconds", labels: []string{"service", "operation"},
		buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 20},
		help:    "How long a call took, from its headers to the end of the answer [PutEventsLatency and its like].",
	}
	waiting = metric{
		name: "dari_deliveries_waiting", gauge: true,
		help: "Deliveries that wait on disk: for their next attempt, for a target that is slow, or for their turn.",
	}
	deadKept = metric{
		name: "dari_deliveries_dead", gauge: true,
		help: "Dead deliveries that are kept in the store.",
	}
)

// What is counted of the trail.
var (
	trailLost = metric{
		name: "dari_trail_lost_total",
		help: "Records or events of API calls that could not be written, on a full disk for one; the calls were answered all the same.",
	}
	trailPushedOut = metric{
		name: "dari_trail_pushed_out_bytes_total",
		help: "Records of API calls, in bytes, that went before 90 days, because their account had more than -trail-bytes.",
	}
)

var busLogDropped = metric{
	name: "dari_bus_log_dropped_total",
	help: "Records that buses with a LogConfig were to write, and that were dropped: they came faster than they are written, or the log group did not take them.",
}

var stageLogDropped = metric{
	name: "dari_stage_log_dropped_total",
	help: "Lines of access logs and execution logs of REST APIs that were dropped: they came faster than they are written, or the log group did not take them.",
}

// Trail registers what the trail counts.
func Trail(reg prometheus.Registerer, lost, pushedOut func() int64) {
	for _, c := range []struct {
		metric
		now func() int64
	}{{trailLost, lost}, {trailPushedOut, pushedOut}} {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: c.name, Help: c.help}, func() float64 { return float64(c.now()) }))
	}
}

// BusLogs registers what the logs of buses count.
func BusLogs(reg prometheus.Registerer, dropped func() int64) {
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: busLogDropped.name, Help: busLogDropped.help}, func() float64 { return float64(dropped()) }))
}

// StageLogs registers what the access logs of REST APIs count.
func StageLogs(reg prometheus.Registerer, dropped func() int64) {
	reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: stageLogDropped.name, Help: stageLogDropped.help}, func() float64 { return float64(dropped()) }))
}

// Calls returns a function that counts calls of the AWS APIs, with metrics
// registered at reg. service and operation must come from the tables, never
// from a client.
func Calls(reg prometheus.Registerer) func(service, operation, code string, took time.Duration) {
	n := prometheus.NewCounterVec(prometheus.CounterOpts{Name: calls.name, Help: calls.help}, calls.labels)
	d := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: callSeconds.name, Help: callSeconds.help, Buckets: callSeconds.buckets}, callSeconds.labels)
	reg.MustRegister(n, d)
	return func(service, operation, code string, took time.Duration) {
		n.WithLabelValues(service, operation, code).Inc()
		d.WithLabelValues(service, operation).Observe(took.Seconds())
	}
}

// Gauges registers what is read when somebody looks: how many deliveries wait
// and how many dead ones are kept.
func Gauges(reg prometheus.Registerer, waitingNow, deadNow func() float64) {
	for _, g := range []struct {
		metric
		now func() float64
	}{{waiting, waitingNow}, {deadKept, deadNow}} {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help}, g.now))
	}
}
