package runtime

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// A function that breaks its answer off does not begin another one, whose head would be
// written while the reader reads the first, nor does one begin behind the end.
func TestAnAnswerBeginsToStreamOnce(t *testing.T) {
	env := &Environment{engine: &Engine{maxStreamed: maxStreamed}}
	r := &run{env: env, calls: make(chan *call, 1), ended: make(chan struct{}), cancel: func() {}}
	begun := 0
	c := r.deliver(Invocation{RequestID: "id", Stream: func(string) io.Writer {
		begun++
		return io.Discard
	}}, time.Minute)
	answer := func(body io.Reader) int {
		req := httptest.NewRequest(http.MethodPost, "/2018-06-01/runtime/invocation/id/response", body)
		req.Header.Set("Lambda-Runtime-Function-Response-Mode", "streaming")
		w := httptest.NewRecorder()
		r.api().ServeHTTP(w, req)
		return w.Code
	}
	answer(io.MultiReader(strings.NewReader("begun"), iotest.ErrReader(errors.New("broken off"))))
	if code := answer(strings.NewReader("another")); code != http.StatusForbidden || begun != 1 {
		t.Errorf("the second one was answered with %d, and %d have begun", code, begun)
	}
	<-r.calls
	c = r.deliver(c.Invocation, time.Minute)
	close(r.ended)
	if _, failed, err := env.await(t.Context(), r, c); failed == nil || err != nil {
		t.Errorf("%v, %v", failed, err)
	}
	if code := answer(strings.NewReader("late")); code != http.StatusForbidden || begun != 1 {
		t.Errorf("one behind the end was answered with %d, and %d have begun", code, begun)
	}
}
