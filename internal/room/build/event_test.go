package build

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/store/table"
)

// A build may show as much as it can: its events still fit into a queue, with what became
// of it and the names of its variables.
func TestEventsFitWhateverABuildShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHouse(t, 1)
		defer h.stop()
		h.call("CreateProject", shop+"}")
		id := h.begin("")
		time.Sleep(time.Minute)
		b := *h.s.builds.Find(table.Key{Place: root.Place, Name: id})
		env := *b.Environment
		b.Environment, env.EnvironmentVariables = &env, nil
		for left, i := 36<<10, 0; left > 0; i++ { // as many as settings have room for: six bytes each
			v := catalog.Variable{Name: fmt.Sprintf("NAME_%03d", i), Value: strings.Repeat("\x01", min(left, 180))}
			env.EnvironmentVariables = append(env.EnvironmentVariables, v)
			left -= len(v.Value)
		}
		source := *b.Source
		source.Location, b.Source = strings.Repeat("l", 40<<10), &source
		if n := b.Settings.Size(); n > 256<<10+8<<10 {
			t.Fatalf("the settings have %d bytes, which is more than they may", n)
		}
		for i := range 64 << 10 / 4 { // of all that may be exported, in names of three letters
			name := string([]byte{'A' + byte(i/676%26), 'a' + byte(i/26%26), 'a' + byte(i%26)})
			b.Exported = append(b.Exported, buildspec.Variable{Name: name, Value: "\x01"})
		}
		for i := range b.Phases {
			b.Phases[i].Status, b.Phases[i].Code, b.Phases[i].Message = "FAILED", "COMMAND_EXECUTION_ERROR", strings.Repeat("\x02", maxMessage)
		}
		for _, e := range []event.Entry{b.stateChange(h.s), b.phaseChange(h.s)} {
			if n := event.Size(e); n > 1<<20-4<<10 {
				t.Errorf("%s: it has %d bytes", e.DetailType, n)
			}
			var d map[string]any
			if err := json.Unmarshal([]byte(e.Detail), &d); err != nil {
				t.Fatal(err)
			}
			first, last := fmt.Sprint("additional-information.environment.environment-variables.", 0), fmt.Sprint("additional-information.environment.environment-variables.", len(env.EnvironmentVariables)-1)
			if at(d, first+".name") != "NAME_000" || at(d, last+".name") == nil || at(d, first+".value") != strings.Repeat("\x01", shortValue)+"…" {
				t.Errorf("%s: its variables are %v and %v", e.DetailType, at(d, first), at(d, last))
			}
			if d["build-id"] != b.ARN() || d["project-name"] != "web-shop" || at(d, "additional-information.exported-environment-variables.499.name") == nil {
				t.Errorf("%s: what it tells is missing: %.300s", e.DetailType, e.Detail)
			}
		}
		if got := len(b.Environment.EnvironmentVariables[0].Value); got != 180 {
			t.Errorf("the build's own variable is cut to %d bytes", got)
		}
	})
}
