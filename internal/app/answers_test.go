package app

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/wire"
)

// attack F5: whatever an input is stretched to, the answer stays small, and so
// does the memory that it takes. For each member of each input, at every depth,
// one request is made in which that member is far larger than it may be.
func TestNoInputMakesTheServerGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	a := openFront(t, func(*Options) {})
	for _, s := range a.services() {
		seen := map[string]bool{}
		for i := range s.Operations {
			op := &s.Operations[i]
			if op.In == nil {
				continue
			}
			for _, h := range stretched(op.In, seen) {
				tryStretched(t, a, s, op.Name, h)
			}
		}
	}
}

// A stretch is a JSON text with a part that is repeated, or a long text, at path.
type stretch struct{ path, before, part, after string }

// stretched returns a stretch of each member below the type that was not seen yet.
func stretched(t reflect.Type, seen map[string]bool) (all []stretch) {
	switch t.Kind() {
	case reflect.Pointer:
		return stretched(t.Elem(), seen)
	case reflect.String:
		return []stretch{{"", `"`, `\u0007`, `"`}}
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Float64:
		return []stretch{{"", "9", "9", ""}}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return []stretch{{"", `"`, "AAAA", `"`}}
		}
		all = []stretch{{"[]", "[" + empty(t.Elem()), "," + empty(t.Elem()), "]"}}
		for _, s := range stretched(t.Elem(), seen) {
			all = append(all, stretch{"[]" + s.path, "[" + s.before, s.part, s.after + "]"})
		}
	case reflect.Map:
		all = []stretch{
			{"{}", "{", `"%06d":` + empty(t.Elem()) + ",", `"":` + empty(t.Elem()) + "}"},
			{"{key}", `{"`, "k", `":` + empty(t.Elem()) + "}"},
			{"{key: wrong}", `{"`, "k", `":[[]]}`},
		}
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			member := t.String() + "." + f.Name
			if name == "-" || !f.IsExported() || f.Anonymous || seen[member] {
				continue
			}
			seen[member] = true
			if name == "" {
				name = f.Name
			}
			for _, s := range stretched(f.Type, seen) {
				all = append(all, stretch{"." + name + s.path, `{"` + name + `":` + s.before, s.part, s.after + "}"})
			}
		}
	}
	return all
}

// empty is the shortest value of a type.
func empty(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return empty(t.Elem())
	case t.Kind() == reflect.Map, t.Kind() == reflect.Struct && t != reflect.TypeFor[wire.Time]():
		return "{}"
	case t.Kind() == reflect.String, t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return `""`
	case t.Kind() == reflect.Slice:
		return "[]"
	}
	return "0"
}

func tryStretched(t *testing.T, a *App, s *wire.Service, operation string, h stretch) {
	t.Helper()
	size := 256 << 10
	if strings.HasSuffix(h.path, "[]") || strings.HasSuffix(h.path, "{}") {
		size = 512 << 10
	}
	var body bytes.Buffer
	body.WriteString(h.before)
	if strings.Contains(h.part, "%") {
		for i := 0; body.Len() < size; i++ {
			fmt.Fprintf(&body, h.part, i)
		}
	} else {
		body.WriteString(strings.Repeat(h.part, size/len(h.part)))
	}
	body.WriteString(h.after)
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body.Bytes()))
	r.Header.Set("X-Amz-Target", s.Target+"."+operation)
	w := httptest.NewRecorder()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a.front.ServeHTTP(w, r)
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 48<<20 || w.Body.Len() > 160<<10 {
		t.Errorf("%s %s%s: %d MiB allocated, an answer of %d bytes: %d %.300s", s.Name, operation, h.path, grown>>20, w.Body.Len(), w.Code, w.Body)
	}
}
