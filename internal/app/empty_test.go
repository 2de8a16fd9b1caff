package app

import (
	"reflect"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/wire"
)

// as-aws 10: clients decide by whether a list or map is there, so that each one
// in an answer says what becomes of it when it is empty: its tag has omitempty,
// or `empty:"kept"`, by what AWS does.
func TestEveryListAndMapOfAnAnswerSaysWhatBecomesOfItWhenEmpty(t *testing.T) {
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	w := emptyWalk{t: t, seen: map[reflect.Type]bool{}}
	for _, s := range a.services() {
		for _, o := range s.Operations {
			if o.Refused == "" {
				w.walk(o.Out)
			}
		}
	}
	if w.decided == 0 {
		t.Error("no list or map was looked at")
	}
}

type emptyWalk struct {
	t       *testing.T
	seen    map[reflect.Type]bool
	decided int
}

func (w *emptyWalk) walk(typ reflect.Type) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[wire.Time]() || w.seen[typ] {
		return
	}
	w.seen[typ] = true
	for f := range typ.Fields() {
		if kind := f.Type.Kind(); kind == reflect.Slice || kind == reflect.Map {
			w.decided++
			_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if omitted, kept := options == "omitempty", f.Tag.Get("empty") == "kept"; omitted == kept {
				w.t.Errorf("%s.%s: say omitempty in the tag, or empty:\"kept\"", typ, f.Name)
			}
		}
		w.walk(f.Type)
	}
}
