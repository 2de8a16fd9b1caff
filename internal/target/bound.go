package target

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/transform"
)

// A DeadLetterQueue takes deliveries that failed for good.
type DeadLetterQueue interface {
	// SendDeadLetter puts body with the string attributes on a queue, on behalf
	// of a rule. The message is durable when it returns nil.
	SendDeadLetter(ctx context.Context, queue arn.ARN, rule string, body []byte, attributes map[string]string) error
}

// A Failure is what became of a delivery that failed for good.
type Failure struct {
	// Code and Message are those of the last attempt.
	Code, Message string
	// Exhausted says which part of the retry policy ended it, if one did.
	Exhausted string
	Attempts  int
}

// A Bound target is one that can be delivered to: what it is to receive, the
// sink of its kind and its dead-letter queue.
type Bound struct {
	target         Target
	arn            arn.ARN
	deadLetter     arn.ARN // the zero ARN when there is none
	rule, ruleName string
	input          *transform.Input
	sink           Sink
	taker          Taker
	queue          DeadLetterQueue
}

// Bind makes a target of a rule ready. queue may be nil: then no dead-letter
// queue can be reached.
func Bind(t Target, rule, ruleName string, sink Sink, queue DeadLetterQueue) (*Bound, error) {
	b := &Bound{target: t, rule: rule, ruleName: ruleName, sink: sink, queue: queue}
	var err error
	if b.arn, err = arn.Parse(t.ARN); err != nil {
		return nil, err
	}
	if t.DeadLetter != "" {
		if b.deadLetter, err = arn.Parse(t.DeadLetter); err != nil {
			return nil, err
		}
	}
	spec := transform.Spec{Target: t.ID, Input: t.Input, InputPath: t.InputPath}
	if t := t.Transformer; t != nil {
		spec.Template, spec.Paths = &t.Template, t.Paths
	}
	if b.input, err = transform.Compile(spec); err != nil {
		return nil, err
	}
	b.taker = takerOf(sink, b.arn)
	return b, nil
}

// Effort returns about how many bytes Render looks at for an event of that length.
func (b *Bound) Effort(event int) int { return b.input.Effort(event) }

// Cost returns what Render needs for an event of that length while it works,
// and how long what it returns can be.
func (b *Bound) Cost(event int) (needs, input int) { return b.input.Cost(event) }

// Render makes what the target is to receive.
func (b *Bound) Render(d *Delivery) ([]byte, error) {
	out, err := b.input.Render(d.Body, transform.Vars{RuleARN: b.rule, RuleName: b.ruleName, IngestionTime: d.Ingested})
	if err == nil {
		return out, nil
	}
	if e, ok := errors.AsType[*transform.Error](err); ok {
		return nil, Permanent(e.Code, "%s", e.Error())
	}
	return nil, Permanent(CodeInvalidParam, "%v", fmt.Errorf("build the input: %w", err))
}

// Send hands d to the sink.
func (b *Bound) Send(ctx context.Context, d *Delivery) error {
	d.Target, d.ARN = &b.target, b.arn
	return b.sink.Send(ctx, d)
}

// Taker returns who takes deliveries to the target within the transaction that
// owes them, nil when nobody does.
func (b *Bound) Taker() Taker { return b.taker }

// Add adds d to a round of the taker.
func (b *Bound) Add(r Round, d *Delivery) error {
	d.Target, d.ARN = &b.target, b.arn
	return r.Add(d)
}

// SendDeadLetter puts the event of d on the dead-letter queue of the target, with
// what EventBridge says about a failure.
func (b *Bound) SendDeadLetter(ctx context.Context, d *Delivery, f *Failure) error {
	if b.queue == nil {
		return errors.New("this server reaches no dead-letter queues")
	}
	attributes := map[string]string{
		"RULE_ARN":       b.rule,
		"TARGET_ARN":     b.target.ARN,
		"ERROR_CODE":     f.Code,
		"ERROR_MESSAGE":  printable(f.Message),
		"RETRY_ATTEMPTS": strconv.Itoa(max(0, f.Attempts-1)),
	}
	if f.Exhausted != "" {
		attributes["EXHAUSTED_RETRY_CONDITION"] = f.Exhausted
	}
	return b.queue.SendDeadLetter(ctx, b.deadLetter, b.rule, d.Body, attributes)
}

// printable makes a text fit for a message attribute: not empty, no control
// characters, at most 1,000 characters.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 1000 {
		s = string(r[:1000])
	}
	if strings.TrimSpace(s) == "" {
		return "unknown"
	}
	return s
}
