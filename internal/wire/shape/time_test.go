package shape

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTimesAreReadInAllSpellings(t *testing.T) {
	for in, want := range map[string]string{
		`1700000000`:                       "2023-11-14T22:13:20Z",
		`1700000000.25`:                    "2023-11-14T22:13:20.25Z",
		`1700000000.123456789`:             "2023-11-14T22:13:20.123456789Z",
		`-1.5`:                             "1969-12-31T23:59:58.5Z",
		`1.7e9`:                            "2023-11-14T22:13:20Z",
		`0`:                                "1970-01-01T00:00:00Z",
		`"2023-11-14T22:13:20Z"`:           "2023-11-14T22:13:20Z",
		`"2023-11-14T23:13:20.5+01:00"`:    "2023-11-14T22:13:20.5Z",
		`"2023-11-14T23:13:20+0100"`:       "2023-11-14T22:13:20Z",
		`"2023-11-14T22:13:20"`:            "2023-11-14T22:13:20Z",
		`"20231114T221320Z"`:               "2023-11-14T22:13:20Z",
		`"2023-11-14"`:                     "2023-11-14T00:00:00Z",
		`"1700000000"`:                     "2023-11-14T22:13:20Z",
		`253402300799`:                     "9999-12-31T23:59:59Z",
		`"9999-12-31T23:59:59.999999999Z"`: "9999-12-31T23:59:59.999999999Z",
	} {
		var got Time
		if err := json.Unmarshal([]byte(in), &got); err != nil {
			t.Errorf("%s: %v", in, err)
		} else if s := got.Format(time.RFC3339Nano); s != want {
			t.Errorf("%s: got %s, want %s", in, s, want)
		}
	}
}

func TestWhatIsNoTimeIsRefused(t *testing.T) {
	for _, in := range []string{`""`, `"yesterday"`, `"NaN"`, `"Inf"`, `1e300`, `253402300800`, `"1700000000.x"`, `"."`, `true`} {
		var got Time
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s: got %s, want an error", in, got)
		}
	}
}

func TestTimesArePrintedWithMillisecondsAtMost(t *testing.T) {
	for _, c := range []struct {
		nanos      int64
		epoch, iso string
	}{
		{0, "1700000000", "2023-11-14T22:13:20Z"},
		{250_000_000, "1700000000.25", "2023-11-14T22:13:20.250Z"},
		{7_000_000, "1700000000.007", "2023-11-14T22:13:20.007Z"},
		{999_999, "1700000000", "2023-11-14T22:13:20Z"},
	} {
		at := At(time.Unix(1700000000, c.nanos))
		if got := string(at.AppendEpoch(nil)); got != c.epoch {
			t.Errorf("epoch: got %s, want %s", got, c.epoch)
		}
		if got := string(at.appendISO(nil)); got != c.iso {
			t.Errorf("ISO 8601: got %s, want %s", got, c.iso)
		}
	}
	if got := string(At(time.UnixMilli(-1500)).AppendEpoch(nil)); got != "-1.5" {
		t.Errorf("before 1970: got %s, want -1.5", got)
	}
}
