package bus

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/target"
)

var seed = flag.Uint64("seed", 0, "repeat the random operations of this seed; 0 takes new ones")

// TestReopeningChangesNothing does random operations on two services. One of
// them is opened anew after every step; both must answer the same.
func TestReopeningChangesNothing(t *testing.T) {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(s, s))
		stays, reopened := newHouse(t), newHouse(t)
		steps := 600
		if testing.Short() && *seed == 0 {
			steps = 150
		}
		for step := range steps {
			time.Sleep(time.Duration(r.IntN(40)) * time.Second)
			name, op := randomOperation(r)
			want, got := op(stays), op(reopened)
			reopened.reopen()
			if step%20 == 0 {
				want, got = want+"\n"+stays.describeAll(), got+"\n"+reopened.describeAll()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("step %d, %s (-kept +reopened):\n%s\nrepeat: go test ./internal/bus -run %s -seed %d", step, name, diff, t.Name(), s)
			}
		}
		if diff := cmp.Diff(stays.outbox.went(), reopened.outbox.went()); diff != "" {
			t.Errorf("deliveries (-kept +reopened):\n%s\nrepeat: go test ./internal/bus -run %s -seed %d", diff, t.Name(), s)
		}
	})
}

// randomOperation returns an operation with its name. It answers the same to
// two services in the same state.
func randomOperation(r *rand.Rand) (string, func(*house) string) {
	pick := func(words string) string {
		all := strings.Split(words, " ")
		return all[r.IntN(len(all))]
	}
	var (
		bus    = pick("default one two arn:aws:events:eu-central-1:111122223333:event-bus/one nope")
		rule   = pick("a b c d")
		source = pick("x y z")
		id     = pick("1 2 3 4 5 6")
		dlq    = pick("no yes")
		text   = pick("first second third")
		sid    = pick("s t u")
		key    = pick("k l m")
		state  = State(pick("ENABLED DISABLED ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"))
		wild   = pick("* z*")
		every  = pick("rate(1␣minute) rate(3␣minutes) cron(0␣*␣*␣*␣?␣*) rubbish")
		limit  = r.IntN(4)
	)
	resource := "arn:aws:events:eu-central-1:111122223333:" + pick("rule/"+rule+" rule/one/"+rule+" event-bus/default event-bus/two event-bus/nope")
	aTarget := queue(id)
	if dlq == "yes" {
		aTarget.DeadLetter, aTarget.HasDeadLetter = queue("dlq").ARN, true
	}
	answer := func(v any, err error) string { return fmt.Sprintf("%+v, %v", v, err) }
	ops := []struct {
		name string
		do   func(*house) string
	}{
		{"CreateEventBus", func(h *house) string {
			return answer(h.CreateEventBus(h.t.Context(), home, NewBus{Name: pickBus(bus), Description: text, Tags: []Tag{{key, text}}}))
		}},
		{"UpdateEventBus", func(h *house) string {
			return answer(h.UpdateEventBus(h.t.Context(), home, bus, BusChange{Description: &text}))
		}},
		{"DeleteEventBus", func(h *house) string { return answer("", h.DeleteEventBus(h.t.Context(), home, bus)) }},
		{"PutRule", func(h *house) string {
			return answer(h.PutRule(h.t.Context(), home, NewRule{Name: rule, Bus: bus, Pattern: `{"source":["` + source + `"]}`, State: state, Description: text, Tags: []Tag{{key, text}}}))
		}},
		{"PutRule wildcard", func(h *house) string {
			return answer(h.PutRule(h.t.Context(), home, NewRule{Name: rule, Bus: bus, Pattern: `{"source":[{"wildcard":"` + wild + `"}]}`}))
		}},
		{"PutRule schedule", func(h *house) string {
			return answer(h.PutRule(h.t.Context(), home, NewRule{Name: rule, Bus: bus, Schedule: strings.ReplaceAll(every, "␣", " ")}))
		}},
		{"EnableRule", func(h *house) string { return answer("", h.EnableRule(h.t.Context(), home, bus, rule)) }},
		{"DisableRule", func(h *house) string { return answer("", h.DisableRule(h.t.Context(), home, bus, rule)) }},
		{"DeleteRule", func(h *house) string { return answer("", h.DeleteRule(h.t.Context(), home, bus, rule)) }},
		{"PutTargets", func(h *house) string {
			return answer("", h.PutTargets(h.t.Context(), home, bus, rule, []target.Target{aTarget, queue("9")}))
		}},
		{"RemoveTargets", func(h *house) string {
			return answer(h.RemoveTargets(h.t.Context(), home, bus, rule, []string{id, "9"}))
		}},
		{"PutPermission", func(h *house) string {
			return answer("", h.PutPermission(h.t.Context(), home, Permission{Bus: pickBus(bus), Action: "events:PutEvents", Principal: "*", StatementID: sid}))
		}},
		{"RemovePermission", func(h *house) string {
			return answer("", h.RemovePermission(h.t.Context(), home, pickBus(bus), sid, false))
		}},
		{"TagResource", func(h *house) string {
			return answer("", h.TagResource(h.t.Context(), home, resource, []Tag{{key, text}}))
		}},
		{"UntagResource", func(h *house) string {
			return answer("", h.UntagResource(h.t.Context(), home, resource, []string{key}))
		}},
		{"ListRules", func(h *house) string {
			rules, next, err := h.ListRules(home, bus, "", "", limit)
			return fmt.Sprintf("%+v %s %v", rules, next, err)
		}},
		{"ListRuleNamesByTarget", func(h *house) string {
			rules, next, err := h.ListRuleNamesByTarget(home, bus, queue(id).ARN, "", limit)
			return fmt.Sprintf("%+v %s %v", rules, next, err)
		}},
		{"Put", func(h *house) string {
			e := entry(source)
			e.Bus = bus
			results := h.put(e, entry(source))
			return fmt.Sprint(results[0].Code, results[0].Message, results[1].Code, results[1].Message, h.outbox.went())
		}},
		{"fire", func(h *house) string {
			r, at, ok := h.clock.next()
			if !ok || at.After(time.Now()) {
				return fmt.Sprint(at, ok)
			}
			return fmt.Sprint(r.arn, at, h.fire(h.t.Context(), r, at), h.outbox.went())
		}},
	}
	op := ops[r.IntN(len(ops))]
	return op.name, op.do
}

// pickBus returns the name of a bus that may be given by its ARN.
func pickBus(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
