package restapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/wire"
)

// A house stands in for the rest of it: its roles let API Gateway in unless they are
// called shut.
type house struct{}

func (house) Check(_ access.Place, role string) error {
	if strings.HasSuffix(role, "/shut") {
		return errors.New("its trust policy does not name apigateway.amazonaws.com")
	}
	return nil
}

// A ward is a guard that writes down what it was asked, and refuses one action.
type ward struct {
	asked   []string
	refuses string
}

func (w *ward) Allow(a *access.Ask) error {
	ask := a.Action + " " + a.Resource
	w.asked = append(w.asked, ask)
	if ask == w.refuses {
		return fault.Denied("no")
	}
	return nil
}

// A door is the room with its door.
type door struct {
	t     *testing.T
	store store.Store
	ward  *ward
	h     http.Handler
	// seen is the last call.
	seen *wire.Call
	// names stand for what was made, such as {api}.
	names []string
}

func openDoor(t *testing.T) *door {
	t.Helper()
	d := &door{t: t, store: mem.New(), ward: &ward{}}
	d.reopen()
	return d
}

func (d *door) reopen() {
	d.t.Helper()
	s, err := Open(d.t.Context(), Options{Store: d.store, Guard: d.ward, Roles: house{}})
	if err != nil {
		d.t.Fatal(err)
	}
	d.h, err = wire.NewHandler(wire.Options{
		Services: []*wire.Service{API(s)}, Region: "eu-central-1", Account: "210987654321",
		After: func(_ context.Context, c *wire.Call) { d.seen = c },
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// call makes a call, such as "GET /restapis/{api}", and returns its status, what its error
// is called, and its answer.
func (d *door) call(line, body string) (int, string) {
	d.t.Helper()
	names := strings.NewReplacer(d.names...)
	method, path, _ := strings.Cut(names.Replace(line), " ")
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(names.Replace(body))))
	b, _ := io.ReadAll(w.Body)
	return w.Code, w.Header().Get("X-Amzn-Errortype") + " " + string(b)
}

// must makes a call that succeeds and returns its answer.
func (d *door) must(line, body string) map[string]any {
	d.t.Helper()
	status, answer := d.call(line, body)
	if status/100 != 2 {
		d.t.Fatalf("%s %s: %d %s", line, body, status, answer)
	}
	var out map[string]any
	if answer = strings.TrimSpace(answer); answer != "" {
		if err := json.Unmarshal([]byte(answer), &out); err != nil {
			d.t.Fatal(err)
		}
	}
	return out
}

// wrong makes a call that is refused with an error that says just this.
func (d *door) wrong(line, body, code, message string) {
	d.t.Helper()
	status, answer := d.call(line, body)
	kind, text, _ := strings.Cut(answer, " ")
	var said struct{ Message string }
	_ = json.Unmarshal([]byte(text), &said) // which the comparison shows
	want := map[string]int{"NotFoundException": 404, "ConflictException": 409, "LimitExceededException": 429, "AccessDeniedException": 403}[code]
	if want == 0 {
		want = 400
	}
	if status != want || kind != code || said.Message != message {
		d.t.Errorf("%s %s:\n got %d %s %s\nwant %d %s %s", line, body, status, kind, said.Message, want, code, message)
	}
}

// change is the body of a change by operations such as "replace /description text".
func change(operations ...string) string {
	var all []map[string]string
	for _, o := range operations {
		parts := strings.SplitN(o, " ", 3)
		one := map[string]string{"op": parts[0], "path": parts[1]}
		if len(parts) > 2 {
			one["value"] = parts[2]
		}
		if parts[0] == "copy" {
			delete(one, "value")
			one["from"] = parts[2]
		}
		all = append(all, one)
	}
	b, _ := json.Marshal(map[string]any{"patchOperations": all})
	return string(b)
}

const theMethod = "/restapis/{api}/resources/{root}/methods/GET"

// make makes an API {api} with a method that a MOCK answers, deployed as {d} and served
// as the stage prod.
func (d *door) make() {
	d.t.Helper()
	api := d.must("POST /restapis", `{"name":"shop"}`)
	d.names = []string{"{api}", api["id"].(string), "{root}", api["rootResourceId"].(string)}
	d.must("PUT "+theMethod, `{"authorizationType":"NONE"}`)
	d.must("PUT "+theMethod+"/integration", `{"type":"MOCK","requestTemplates":{"application/json":"{\"statusCode\": 200}"}}`)
	one := d.must("POST /restapis/{api}/deployments", `{}`)
	d.names = append(d.names, "{d}", one["id"].(string))
	d.must("POST /restapis/{api}/stages", `{"stageName":"prod","deploymentId":"{d}"}`)
}

// differs compares an answer with JSON, without ids and times.
func (d *door) differs(got map[string]any, want string) {
	d.t.Helper()
	var w map[string]any
	if err := json.Unmarshal([]byte(strings.NewReplacer(d.names...).Replace(want)), &w); err != nil {
		d.t.Fatal(err)
	}
	for _, m := range []map[string]any{got, w} {
		for _, k := range []string{"createdDate", "lastUpdatedDate"} {
			delete(m, k)
		}
	}
	if diff := cmp.Diff(w, got); diff != "" {
		d.t.Errorf("it is not as wanted (-):\n%s", diff)
	}
}
