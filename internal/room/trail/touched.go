package trail

import (
	"encoding/json"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/room/trail/trails"
)

// A Touched is what a call on data was about.
type Touched struct {
	AccountID string `json:"accountId"`
	Type      string `json:"type"`
	ARN       string `json:"ARN"`
}

// seen is the record as the selectors of trails look at it.
func (r *Record) seen() *trails.Event {
	e := &trails.Event{Data: !r.ManagementEvent, ReadOnly: r.ReadOnly, Source: r.EventSource, Name: r.EventName, Identity: r.UserIdentity.ARN}
	for _, t := range r.Touched {
		e.Kind, e.Resources = t.Type, append(e.Resources, t.ARN)
	}
	return e
}

// touched returns the resources of a call on data, as far as its parameters say.
func (r *Record) touched() (all []Touched) {
	in := members(r.RequestParameters)
	add := func(kind string, resource arn.ARN) {
		t := Touched{resource.Account, kind, resource.String()}
		for _, other := range all {
			if other == t {
				return
			}
		}
		all = append(all, t)
	}
	switch r.EventSource {
	case "sqs.amazonaws.com":
		parts := strings.Split(in.text("queueUrl"), "/")
		if n := len(parts); n >= 2 && access.IsAccount(parts[n-2]) {
			add("AWS::SQS::Queue", access.Place{Account: parts[n-2], Region: r.AWSRegion}.ARN("sqs", parts[n-1]))
		}
	case "logs.amazonaws.com":
		for _, name := range []string{in.text("logGroupName"), in.text("logGroupIdentifier")} {
			if name != "" {
				add("AWS::Logs::LogGroup", r.resource(name, "logs", "log-group:"))
			}
		}
	case "lambda.amazonaws.com":
		if name := in.text("functionName"); name != "" {
			add("AWS::Lambda::Function", r.resource(name, "lambda", "function:"))
		}
	case "events.amazonaws.com":
		var entries []struct {
			EventBusName string `json:"eventBusName"`
		}
		_ = json.Unmarshal(in["entries"], &entries) // what is no list names no bus
		for _, e := range entries {
			if e.EventBusName == "" {
				e.EventBusName = "default"
			}
			add("AWS::Events::EventBus", r.resource(e.EventBusName, "events", "event-bus/"))
		}
	}
	return all
}

// resource is what a name or an ARN names in the place of the call.
func (r *Record) resource(name, service, prefix string) arn.ARN {
	if a, err := arn.Parse(name); err == nil {
		return a
	}
	return r.place().ARN(service, prefix+name)
}
