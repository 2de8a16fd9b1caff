package mapping

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/dari-bus/dari/pattern"
)

// A Message is one that was received.
type Message struct {
	ID, Receipt, Body string
	// MD5 is that of the body, AttributesMD5 that of the attributes, "" without any.
	MD5, AttributesMD5 string
	System             System
	Attributes         []Attribute
}

// System is what the queue says of a message, with the names and in the order of AWS.
type System struct {
	ReceiveCount  string `json:"ApproximateReceiveCount"`
	Trace         string `json:"AWSTraceHeader,omitempty"`
	Sent          string `json:"SentTimestamp"`
	Sequence      string `json:"SequenceNumber,omitempty"`
	Group         string `json:"MessageGroupId,omitempty"`
	Sender        string `json:"SenderId"`
	DedupID       string `json:"MessageDeduplicationId,omitempty"`
	FirstReceived string `json:"ApproximateFirstReceiveTimestamp"`
	Origin        string `json:"DeadLetterQueueSourceArn,omitempty"`
}

// An Attribute is one that the sender gave. Value is bytes for the type Binary.
type Attribute struct{ Name, Type, Value string }

// A record is what a function is told of a message.
type record struct {
	MessageID     string               `json:"messageId"`
	Receipt       string               `json:"receiptHandle"`
	Body          any                  `json:"body"`
	System        *System              `json:"attributes"`
	Attributes    map[string]attribute `json:"messageAttributes"`
	AttributesMD5 string               `json:"md5OfMessageAttributes,omitempty"`
	MD5           string               `json:"md5OfBody"`
	Source        string               `json:"eventSource"`
	SourceARN     string               `json:"eventSourceARN"`
	Region        string               `json:"awsRegion"`
}

type attribute struct {
	Text   *string `json:"stringValue,omitempty"`
	Binary *string `json:"binaryValue,omitempty"`
	// Lists are never anything else.
	Texts    []string `json:"stringListValues"`
	Binaries []string `json:"binaryListValues"`
	Type     string   `json:"dataType"`
}

// record returns a message as it is told, with a body that is a text or JSON.
func (m *Mapping) record(msg *Message, body any) []byte {
	r := record{
		MessageID: msg.ID, Receipt: msg.Receipt, Body: body, System: &msg.System, Attributes: map[string]attribute{},
		AttributesMD5: msg.AttributesMD5, MD5: msg.MD5, Source: "aws:sqs", SourceARN: m.Queue, Region: m.queue.Region,
	}
	for _, a := range msg.Attributes {
		told := attribute{Texts: []string{}, Binaries: []string{}, Type: a.Type}
		if value := a.Value; strings.HasPrefix(a.Type, "Binary") {
			value = base64.StdEncoding.EncodeToString([]byte(value))
			told.Binary = &value
		} else {
			told.Text = &value
		}
		r.Attributes[a.Name] = told
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(&r) // which texts and JSON that is valid always can be
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// A filter is a pattern for records.
type filter struct {
	*pattern.Pattern
	// parsed says that the pattern looks into the body, which must then be JSON.
	parsed bool
}

func newFilter(text string) (*filter, error) {
	p, err := pattern.Compile(text)
	if err != nil {
		return nil, err
	}
	f := &filter{Pattern: p}
	f.parsed = slices.ContainsFunc(p.Paths(), func(path string) bool { return strings.HasPrefix(path, "body.") })
	return f, nil
}

// wants says whether a message is one that a function is to see.
func (m *Mapping) wants(msg *Message) bool {
	if len(m.filters) == 0 {
		return true
	}
	return slices.ContainsFunc(m.filters, func(f *filter) bool {
		var body any = msg.Body
		if f.parsed {
			if body = json.RawMessage(msg.Body); !json.Valid([]byte(msg.Body)) {
				return false
			}
		}
		ok, err := f.Match(m.record(msg, body))
		return ok && err == nil
	})
}

// finished returns the receipts of those of a batch that a function has worked on, by
// its answer. Where that is no such answer, or names what is not in the batch, there are none.
func finished(answer []byte, batch []Message) (done []string) {
	var said struct {
		Failures []struct {
			ID *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if trimmed := bytes.TrimSpace(answer); len(trimmed) > 0 && json.Unmarshal(trimmed, &said) != nil {
		return nil
	}
	failed := map[string]bool{}
	for _, f := range said.Failures {
		if f.ID == nil || *f.ID == "" || !slices.ContainsFunc(batch, func(m Message) bool { return m.ID == *f.ID }) {
			return nil
		}
		failed[*f.ID] = true
	}
	for _, m := range batch {
		if !failed[m.ID] {
			done = append(done, m.Receipt)
		}
	}
	return done
}
