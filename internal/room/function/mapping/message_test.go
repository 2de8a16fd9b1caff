package mapping

import (
	"slices"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/arn"
)

// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func TestAnAnswerSaysWhichMessagesFailed(t *testing.T) {
	batch := []Message{{ID: "a", Receipt: "1"}, {ID: "b", Receipt: "2"}}
	for answer, want := range map[string]string{
		``:                           "1 2",
		` `:                          "1 2",
		`null`:                       "1 2",
		`{}`:                         "1 2",
		`{"batchItemFailures":null}`: "1 2",
		`{"batchItemFailures":[]}`:   "1 2",
		`{"batchItemFailures":[{"itemIdentifier":"b"}]}`:                        "1",
		`{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}`: "1",
		`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}`: "",
		`{"batchItemFailures":[{"itemIdentifier":""}]}`:                         "",
		`{"batchItemFailures":[{"itemIdentifier":null}]}`:                       "",
		`{"batchItemFailures":[{"itemIdentifier":"another"}]}`:                  "",
		`{"batchItemFailures":[{"identifier":"a"}]}`:                            "",
		`{"batchItemFailures":{"itemIdentifier":"a"}}`:                          "",
		`{"batchItemFailures":[`:                                                "",
		`"done"`:                                                                "",
	} {
		if got := strings.Join(finished([]byte(answer), batch), " "); got != want {
			t.Errorf("%s: %q are done, want %q", answer, got, want)
		}
	}
}

// row F28
func TestFiltersSeeTheBodyAsTextOrJSON(t *testing.T) {
	for _, c := range []struct {
		filters, body string
		want          bool
	}{
		{``, `anything`, true},
		{`{"body":["x"]}`, `x`, true},
		{`{"body":["x"]}`, `y`, false},
		{`{"body":{"a":[1]}}`, `{"a":1}`, true},
		{`{"body":{"a":[1]}}`, `{"a":2}`, false},
		{`{"body":{"a":[{"exists":false}]}}`, `{"b":1}`, true},
		{`{"body":{"a":[{"exists":false}]}}`, `no JSON`, false},
		{`{"body":["{\"a\":1}"]}`, `{"a":1}`, true},
		{`{"messageAttributes":{"n":{"stringValue":["v"]}}}`, `x`, true},
		{`{"attributes":{"SenderId":["somebody"]}}`, `x`, false},
		{`{"body":["x"]} {"body":["y"]}`, `y`, true}, // one must match
	} {
		m := Mapping{Queue: "arn:aws:sqs:eu-central-1:210987654321:q", queue: arn.ARN{Region: "eu-central-1"}}
		m.Filters = slices.DeleteFunc(strings.Split(c.filters, " "), func(s string) bool { return s == "" })
		if err := m.complete(); err != nil {
			t.Fatal(err)
		}
		msg := Message{Body: c.body, Attributes: []Attribute{{"n", "String", "v"}}, System: System{Sender: "me"}}
		if got := m.wants(&msg); got != c.want {
			t.Errorf("%s of %s: %v, want %v", c.filters, c.body, got, c.want)
		}
	}
}
