package watch

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// A metric is the declaration of one metric: the server and docs/metrics.md
// are both made from it.
type metric struct {
	name string
	// labels come from short, fixed lists: never an id, a name or an ARN.
	labels []string
	// buckets are in seconds; a metric without them is a counter, or a gauge.
	buckets []float64
	gauge   bool
	help    string
}

// What is counted. The names in brackets are those of CloudWatch.
var (
	accepted = metric{
		name: "dari_events_accepted_total",
		help: "Events taken in, with the deliveries that they caused on disk.",
	}
	acceptedBytes = metric{
		name: "dari_events_accepted_bytes_total",
		help: "Size of the events taken in, as they are delivered.",
	}
	refused = metric{
		name: "dari_events_refused_total", labels: []string{"code"},
		help: "Entries of PutEvents that were not taken in, by the error code that the caller got [PutEventsFailedEntriesCount].",
	}
	matched = metric{
		name: "dari_events_matched_total",
		help: "Events that at least one rule wanted [MatchedEvents].",
	}
	triggered = metric{
		name: "dari_rules_triggered_total",
		help: "Matches of a rule with an event; an event that three rules want counts three times [TriggeredRules].",
	}
	created = metric{
		name: "dari_deliveries_created_total",
		help: "Deliveries that accepted events caused: one for each target of each rule that matched [InvocationsCreated].",
	}
	attempts = metric{
		name: "dari_attempts_total", labels: []string{"kind", "outcome", "code"},
		help: "Attempts to deliver, by kind of target and outcome: success, retry (failed, will be tried again), failure (failed for good) or throttled (held back by a rate limit, the target was not called); code says why an attempt failed [InvocationAttempts].",
	}
	retries = metric{
		name: "dari_retries_total", labels: []string{"kind"},
		help: "Attempts after the first one of a delivery, by kind of target [RetryInvocationAttempts].",
	}
	attemptSeconds = metric{
		name: "dari_attempt_duration_seconds", labels: []string{"kind"},
		buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		help:    "How long one call to a target took, by kind of target; throttled attempts are left out.",
	}
	settled = metric{
		name: "dari_deliveries_settled_total", labels: []string{"kind", "outcome", "code"},
		help: "Deliveries that have ended, by kind of target and outcome: delivered, dead-lettered (the dead-letter queue took it), dead (it is kept in the store) or abandoned (its rule or target was deleted); code says why it was not delivered [Invocations, FailedInvocations].",
	}
	deadLetterFailures = metric{
		name: "dari_dead_letter_failures_total",
		help: "Failed deliveries that a configured dead-letter queue did not take; they are kept as dead [InvocationsFailedToBeSentToDlq].",
	}
	latencySeconds = metric{
		name: "dari_delivery_latency_seconds", labels: []string{"outcome"},
		buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30, 60, 300, 1800, 3600, 21600, 86400},
		help:    "Time from taking an event in to the end of a delivery, by outcome [IngestionToInvocationCompleteLatency].",
	}
)

// declared lists the metrics in the order of an event's life.
var declared = []metric{
	calls, callSeconds, accepted, acceptedBytes, refused, matched, triggered, created,
	attempts, retries, attemptSeconds, settled, deadLetterFailures, latencySeconds, waiting, deadKept, trailLost, trailPushedOut, busLogDropped, stageLogDropped,
}

// Metrics returns hooks that count, with metrics registered at reg. It panics
// if reg has any of them already.
func Metrics(reg prometheus.Registerer) Hooks {
	c := &counts{
		accepted:       accepted.counter(reg),
		acceptedBytes:  acceptedBytes.counter(reg),
		matched:        matched.counter(reg),
		triggered:      triggered.counter(reg),
		created:        created.counter(reg),
		deadLetter:     deadLetterFailures.counter(reg),
		refused:        counters(reg, refused),
		attempts:       counters(reg, attempts),
		retries:        counters(reg, retries),
		settled:        counters(reg, settled),
		attemptSeconds: histograms(reg, attemptSeconds),
		latencySeconds: histograms(reg, latencySeconds),
	}
	return Hooks{Accepted: c.onAccepted, Matched: c.onMatched, Refused: c.onRefused, Attempted: c.onAttempted, Settled: c.onSettled}
}

type counts struct {
	accepted, acceptedBytes, matched, triggered, created, deadLetter prometheus.Counter

	refused, attempts, retries, settled family[prometheus.Counter]
	attemptSeconds, latencySeconds      family[prometheus.Observer]
}

func (c *counts) onAccepted(a *Accepted) {
	c.accepted.Inc()
	c.acceptedBytes.Add(float64(len(a.Event.JSON)))
	c.created.Add(float64(a.Deliveries))
}

func (c *counts) onMatched(m *Matched) {
	if len(m.Rules) > 0 {
		c.matched.Inc()
		c.triggered.Add(float64(len(m.Rules)))
	}
}

func (c *counts) onRefused(r *Refused) { c.refused.of(labels{r.Code}).Inc() }

func (c *counts) onAttempted(a *Attempt) {
	kind, outcome := kindOf(a.Target), "success"
	switch {
	case a.Throttled:
		outcome = "throttled"
	case a.Err != nil && a.Next.IsZero():
		outcome = "failure"
	case a.Err != nil:
		outcome = "retry"
	}
	c.attempts.of(labels{kind, outcome, a.Code}).Inc()
	if a.Throttled {
		return
	}
	c.attemptSeconds.of(labels{kind}).Observe(a.Took.Seconds())
	if a.Number > 1 {
		c.retries.of(labels{kind}).Inc()
	}
}

func (c *counts) onSettled(s *Settlement) {
	c.settled.of(labels{kindOf(s.Target), string(s.Outcome), s.Code}).Inc()
	c.latencySeconds.of(labels{string(s.Outcome)}).Observe(s.Latency.Seconds())
	if s.DeadLetterErr != "" {
		c.deadLetter.Inc()
	}
}

// kindOf names the kind of a target by its ARN: the service, or the service
// and the type of the resource where one service has several kinds. What is not
// an ARN is "unknown"; a delivery whose target is gone has none.
func kindOf(arn string) string {
	_, rest, _ := strings.Cut(arn, ":") // the partition begins
	_, rest, _ = strings.Cut(rest, ":") // the service begins
	service, rest, ok := strings.Cut(rest, ":")
	if !ok || service == "" {
		return "unknown"
	}
	if service != "events" {
		return service
	}
	_, rest, _ = strings.Cut(rest, ":") // the account begins
	_, rest, _ = strings.Cut(rest, ":") // the resource begins
	switch typ, _, _ := strings.Cut(rest, "/"); typ {
	case "event-bus":
		return "events/event-bus"
	case "api-destination":
		return "events/api-destination"
	}
	return service
}
