package event_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/event"
)

func TestKeysThatMayNotBeUniqueAreToldApart(t *testing.T) {
	many := func(n int, key string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d":%d,`, i, i)
		}
		return `{` + b.String() + `"` + key + `":0}`
	}
	tests := []struct {
		detail string
		want   bool
	}{
		{`{}`, true},
		{`{"a":1,"b":{"a":1,"b":[{"a":1},{"a":1}]}}`, true},
		{`{"a":1,"a":1}`, false},
		{`{"x":[[{"a":1, "b":2 , "a":3}]]}`, false},
		{`{"a":{"a":1},"b":1,"a":2}`, false},
		{`{"":1,"":2}`, false},
		{`{"a":1,"\u0061":2}`, false},
		{`{"a.b":1}`, false},
		{`{"a":"b.c\n"}`, true},
		{many(60, "k1"), false},
		{many(60, "other"), true},
		{many(500, "k400"), false},
	}
	for _, tt := range tests {
		ev, err := event.New(event.Entry{Source: "s", DetailType: "t", Detail: tt.detail}, stamp)
		if err != nil {
			t.Fatal(err)
		}
		if ev.UniqueKeys != tt.want {
			t.Errorf("%.40s: unique is %t, want %t", tt.detail, ev.UniqueKeys, tt.want)
		}
	}
}
