package trail

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/trail/history"
)

// A Record is what is kept of a call, in the words and the order of CloudTrail.
type Record struct {
	EventVersion       string          `json:"eventVersion"`
	UserIdentity       UserIdentity    `json:"userIdentity"`
	EventTime          string          `json:"eventTime"`
	EventSource        string          `json:"eventSource"`
	EventName          string          `json:"eventName"`
	AWSRegion          string          `json:"awsRegion"`
	SourceIPAddress    string          `json:"sourceIPAddress,omitempty"`
	UserAgent          string          `json:"userAgent,omitempty"`
	ErrorCode          string          `json:"errorCode,omitempty"`
	ErrorMessage       string          `json:"errorMessage,omitempty"`
	RequestParameters  json.RawMessage `json:"requestParameters"`
	ResponseElements   json.RawMessage `json:"responseElements"`
	RequestID          string          `json:"requestID"`
	EventID            string          `json:"eventID"`
	ReadOnly           bool            `json:"readOnly"`
	Touched            []Touched       `json:"resources,omitempty"`
	EventType          string          `json:"eventType"`
	ManagementEvent    bool            `json:"managementEvent"`
	RecipientAccountID string          `json:"recipientAccountId"`
	SharedEventID      string          `json:"sharedEventID,omitempty"`
	EventCategory      string          `json:"eventCategory"`
	TLSDetails         *TLSDetails     `json:"tlsDetails,omitempty"`
}

// TLSDetails are what is known of the connection: what is in front of the server
// knows the rest.
type TLSDetails struct {
	ClientProvidedHostHeader string `json:"clientProvidedHostHeader"`
}

// What is the same in all records, and the detail type and the time of their events.
const (
	eventVersion = "1.11"
	apiCall      = "AwsApiCall"
	detailType   = "AWS API Call via CloudTrail"
	timeLayout   = "2006-01-02T15:04:05Z"
)

// maxText bounds what callers say of themselves and are told, in bytes.
const maxText = 1 << 10

// place is whose record it is.
func (r *Record) place() access.Place {
	return access.Place{Account: r.RecipientAccountID, Region: r.AWSRegion}
}

// kind is what the call has come to.
func (r *Record) kind() history.Kind {
	if r.ReadOnly || r.ErrorCode != "" {
		return history.Idle
	}
	return history.Changes
}

// time is when the call ended.
func (r *Record) time() (time.Time, error) { return time.Parse(timeLayout, r.EventTime) }

// busSource is the source of the record's event.
func (r *Record) busSource() string {
	label, _, _ := strings.Cut(r.EventSource, ".")
	return "aws." + label
}

// text is the record as it is kept and as it is the detail of an event. It is a few
// kilobytes longer than the parameters and elements at most, which are bounded: less
// than an event may have.
func (r *Record) text() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
