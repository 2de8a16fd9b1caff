package bus

import "testing"

func TestWhatABusLogsIsKnownAtOnceAndAfterARestart(t *testing.T) {
	h := newHouse(t)
	created, err := h.CreateEventBus(t.Context(), home, NewBus{Name: "b", Log: &LogConfig{Level: "INFO", IncludeDetail: "FULL"}})
	h.ok(err)
	wants := func(want LogConfig) {
		t.Helper()
		for range 2 {
			if got := h.Logged(created.ARN); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			h.reopen()
		}
	}
	wants(LogConfig{Level: "INFO", IncludeDetail: "FULL"})
	for _, level := range []string{"TRACE", "OFF", "ERROR"} {
		_, err = h.UpdateEventBus(t.Context(), home, "b", BusChange{Log: &LogConfig{Level: level}})
		h.ok(err)
		want := LogConfig{Level: level}
		if level == "OFF" {
			want = LogConfig{}
		}
		wants(want)
	}
	h.ok(h.DeleteEventBus(t.Context(), home, "b"))
	wants(LogConfig{})
}
