package sqs

import (
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/wire"
)

// A messageAttribute is the value of an attribute of a message.
type messageAttribute struct {
	StringValue      *string  `json:",omitempty"`
	BinaryValue      []byte   `json:",omitempty"`
	StringListValues []string `json:",omitempty" query:"StringListValue,flat"`
	BinaryListValues [][]byte `json:",omitempty" query:"BinaryListValue,flat"`
	DataType         *string
}

// maxAttributes is how many attributes a message may have.
const maxAttributes = 10

// readAttributes returns the sender's attributes in the order of their names.
func readAttributes(given map[string]messageAttribute) ([]queue.Attribute, error) {
	if len(given) > maxAttributes {
		return nil, fault.Invalid("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(given), maxAttributes)
	}
	var attrs []queue.Attribute
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if err := checkAttributeName(name); err != nil {
			return nil, err
		}
		a, err := readAttribute(name, given[name])
		if err != nil {
			return nil, err
		}
		attrs = append(attrs, a)
	}
	return attrs, nil
}

func checkAttributeName(name string) error {
	lower := strings.ToLower(name)
	switch {
	case name == "" || len(name) > 256:
		return fault.Invalid("Message (user) attribute names must be 1 to 256 characters long.")
	case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return fault.Invalid("Message (user) attribute name '%s' begins with 'AWS.' or 'Amazon.', which are reserved.", name)
	case name[0] == '.' || name[len(name)-1] == '.' || strings.Contains(name, ".."):
		return fault.Invalid("Message (user) attribute name '%s' must not begin or end with a period or have two in a row.", name)
	}
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.') {
			return fault.Invalid("Message (user) attribute name '%s' may hold letters, digits, underscores, hyphens and periods only.", name)
		}
	}
	return nil
}

func readAttribute(name string, given messageAttribute) (queue.Attribute, error) {
	a := queue.Attribute{Name: name, Type: wire.Val(given.DataType)}
	if given.StringListValues != nil || given.BinaryListValues != nil {
		return a, fault.Invalid("Message attribute list values in SendMessage operation are not supported.").WithCode("UnsupportedOperation")
	}
	if a.Type == "" {
		return a, fault.Invalid("The message attribute '%s' must contain non-empty message attribute type.", name)
	}
	kind, label, _ := strings.Cut(a.Type, ".")
	if kind != "String" && kind != "Number" && kind != "Binary" {
		return a, fault.Invalid("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	}
	if len(a.Type) > 256 {
		return a, fault.Invalid("The message attribute '%s' has a type of %d characters; 256 are allowed.", name, len(a.Type))
	}
	if err := queue.CheckText("attribute type", label); err != nil {
		return a, err
	}
	if kind == "Binary" {
		a.Value = string(given.BinaryValue)
	} else {
		a.Value = wire.Val(given.StringValue)
	}
	if a.Value == "" {
		return a, fault.Invalid("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name, kind)
	}
	if kind == "Number" && !number(a.Value) {
		return a, fault.Invalid("Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	if kind != "Binary" {
		return a, queue.CheckText("message attribute value", a.Value)
	}
	return a, nil
}

// number says whether s is a decimal number as attributes may hold it: with up
// to 38 digits, between -10^128 and 10^126.
func number(s string) bool {
	mantissa, exponent, has := strings.Cut(strings.ToLower(s), "e")
	if n, err := strconv.Atoi(exponent); has && (err != nil || n < -128 || n > 126) {
		return false
	}
	digits := strings.Replace(strings.TrimLeft(mantissa, "+-"), ".", "", 1)
	if len(digits) == 0 || len(strings.TrimLeft(digits, "0")) > 38 || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	_, ok := new(big.Float).SetString(s)
	return ok
}

// showAttributes is the way back.
func showAttributes(attrs []queue.Attribute) map[string]messageAttribute {
	if len(attrs) == 0 {
		return nil
	}
	out := make(map[string]messageAttribute, len(attrs))
	for _, a := range attrs {
		shown := messageAttribute{DataType: &a.Type}
		if a.Binary() {
			shown.BinaryValue = []byte(a.Value)
		} else {
			shown.StringValue = &a.Value
		}
		out[a.Name] = shown
	}
	return out
}

// traceHeader is the one attribute that senders give to the service itself.
const traceHeader = "AWSTraceHeader"

func readTrace(given map[string]messageAttribute) (string, error) {
	for name, v := range given {
		if name != traceHeader {
			return "", fault.Invalid("Message system attribute name '%s' is invalid. The only one that can be sent is %s.", name, traceHeader)
		}
		if wire.Val(v.DataType) != "String" || wire.Val(v.StringValue) == "" {
			return "", fault.Invalid("Message system attribute '%s' must contain a non-empty value of type 'String'.", name)
		}
		if err := queue.CheckText("message system attribute value", *v.StringValue); err != nil {
			return "", err
		}
	}
	return wire.Val(given[traceHeader].StringValue), nil
}

// systemAttributes are what the service knows of a message.
var systemAttributes = []string{
	"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
	"SequenceNumber", "MessageDeduplicationId", "MessageGroupId", traceHeader, "DeadLetterQueueSourceArn",
}

// showSystem returns those that are asked for and that the message has.
func showSystem(m *queue.Message, names []string) map[string]string {
	if len(names) == 0 {
		return nil
	}
	sequence := ""
	if m.Sequence != 0 {
		sequence = strconv.FormatUint(m.Sequence, 10)
	}
	values := [...]string{
		m.Sender, strconv.FormatInt(m.Sent.UnixMilli(), 10), strconv.Itoa(m.Receives), strconv.FormatInt(m.First.UnixMilli(), 10),
		sequence, m.DedupID, m.Group, m.Trace, m.Origin,
	}
	all := slices.Contains(names, "All")
	out := map[string]string{}
	for i, name := range systemAttributes {
		if values[i] != "" && (all || slices.Contains(names, name)) {
			out[name] = values[i]
		}
	}
	return out
}
