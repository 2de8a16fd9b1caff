package buslog

import (
	"bytes"
	"encoding/json"
	"time"
)

// A record is one step of an event, as EventBridge writes it.
type record struct {
	Bus          string   `json:"resource_arn"`
	RequestID    string   `json:"request_id,omitempty"`
	EventID      string   `json:"event_id,omitempty"`
	InvocationID string   `json:"invocation_id,omitempty"`
	Millis       int64    `json:"message_timestamp_ms"`
	Type         string   `json:"message_type"`
	Level        string   `json:"log_level"`
	Details      details  `json:"details"`
	Dropped      []string `json:"dropped_fields,omitempty"`
	Error        *failure `json:"error,omitempty"`
}

type details struct {
	Caller      string          `json:"caller_account_id,omitempty"`
	Happened    int64           `json:"source_time_ms,omitempty"`
	Source      string          `json:"source,omitempty"`
	DetailType  string          `json:"detail_type,omitempty"`
	Resources   []string        `json:"resources,omitempty"`
	EventDetail json.RawMessage `json:"event_detail,omitempty"`

	Rule        string `json:"rule_arn,omitempty"`
	Target      string `json:"target_arn,omitempty"`
	AttemptType string `json:"attempt_type,omitempty"`
	Attempt     int    `json:"attempt_count,omitempty"`
	Input       string `json:"target_input,omitempty"`
	Took        *int64 `json:"target_duration_ms,omitempty"`

	Attempts int    `json:"total_attempts,omitempty"`
	Status   string `json:"final_invocation_status,omitempty"`
	Complete *int64 `json:"ingestion_to_complete_latency_ms,omitempty"`
	Success  *int64 `json:"ingestion_to_success_latency_ms,omitempty"`

	Lost int `json:"dropped_records,omitempty"`
}

// A failure says why something failed.
type failure struct {
	Message string `json:"error_message"`
}

// recordCost is about what a record takes beside its texts.
const recordCost = 1 << 10

// size is what a record takes while it waits: all texts, since some are a stranger's,
// who may have made them long.
func (r *record) size() int {
	d := &r.Details
	n := recordCost + len(r.Bus) + len(r.RequestID) + len(r.EventID) + len(d.Source) + len(d.DetailType) + len(d.EventDetail) + len(d.Rule) + len(d.Target) + len(d.Input)
	for _, resource := range d.Resources {
		n += len(resource) + 16
	}
	if r.Error != nil {
		n += len(r.Error.Message)
	}
	return n
}

// lost says how many records of a bus were dropped before it.
func lost(bus string, n int) *record {
	return &record{Bus: bus, Millis: time.Now().UnixMilli(), Type: "RECORDS_DROPPED", Level: Error.String(), Details: details{Lost: n}}
}

// line is the record as text. What is too much for a line is left out of it and named.
func (r *record) line() Line {
	text := r.text()
	for _, large := range []struct {
		name string
		drop func(*details)
	}{
		{"details.event_detail", func(d *details) { d.EventDetail = nil }},
		{"details.target_input", func(d *details) { d.Input = "" }},
		{"details.resources", func(d *details) { d.Resources = nil }},
	} {
		if len(text)+lineExtra <= mostBytes {
			break
		}
		large.drop(&r.Details)
		r.Dropped = append(r.Dropped, large.name)
		text = r.text()
	}
	return Line{r.Millis, text}
}

func (r *record) text() []byte {
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	to.SetEscapeHTML(false)
	_ = to.Encode(r) // which has nothing but texts and numbers, and a detail that was checked when it came in
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
