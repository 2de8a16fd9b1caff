package transform_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/transform"
)

// allocated returns how many bytes fn allocates.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// repeated is a template that names a variable n times.
func repeated(open, one, separator, end string, n int) *string {
	s := open + strings.TrimSuffix(strings.Repeat(one+separator, n), separator) + end
	return &s
}

// attack F2: a template of 8 KB made 4 GiB of an event of 400 KB before it was
// found to be too long.
func TestWhatATemplateMakesHasABoundWhileItGrows(t *testing.T) {
	event := fmt.Sprintf(`{"id":"1","resources":[%q],"detail":{"text":%q,"list":[%s{"x":1}],"escaped":"%s"}}`,
		strings.Repeat("r", 100<<10), strings.Repeat("t", 200<<10), strings.Repeat(`"a",`, 50<<10), strings.Repeat(`\n`, 100<<10))
	stars := map[string]string{}
	lists := "{"
	for i := range 100 {
		stars[fmt.Sprint("s", i)] = "$.detail.list[*]"
		lists += fmt.Sprintf(`"%d":<s%d>,`, i, i)
	}
	lists = strings.TrimSuffix(lists, ",") + "}"
	one := map[string]string{"e": "$.detail", "t": "$.detail.text", "l": "$.detail.list", "n": "$.detail.escaped"}
	for name, spec := range map[string]transform.Spec{
		"objects":         {Template: repeated("[", "<e>", ",", "]", 2046), Paths: one},
		"strings":         {Template: repeated("[", "<t>", ",", "]", 2046), Paths: one},
		"inside a string": {Template: repeated(`{"a":"`, "<t>", "", `"}`, 2046), Paths: one},
		"escapes":         {Template: repeated(`{"a":"`, "<n>", "", `"}`, 2046), Paths: one},
		"text":            {Template: repeated(`"`, "<t>", "", `"`, 2046), Paths: one},
		"lists in text":   {Template: repeated(`"`, "<l>", "", `"`, 2046), Paths: one},
		"the event":       {Template: repeated("[", "<aws.events.event.json>", ",", "]", 300)},
		"the envelope":    {Template: repeated("[", "<aws.events.event>", ",", "]", 400)},
		"many new lists":  {Template: &lists, Paths: stars},
	} {
		t.Run(name, func(t *testing.T) {
			in := compile(t, spec)
			var err error
			n := allocated(func() { _, err = in.Render([]byte(event), transform.Vars{}) })
			if e, ok := errors.AsType[*transform.Error](err); !ok || e.Code != transform.CodeInvalidParameter || !strings.Contains(e.Message, "makes more than 1048576 bytes") {
				t.Errorf("got error %v", err)
			}
			if n > 8<<20 {
				t.Errorf("%d KiB were allocated on the way", n>>10)
			}
			if needs, keeps := in.Cost(len(event)); needs > 4<<20 || keeps > transform.MaxOutput+8192 {
				t.Errorf("it is said to need %d KiB and to keep %d", needs>>10, keeps>>10)
			}
		})
	}
}

func TestATemplateMayMakeAllThatATargetTakes(t *testing.T) {
	for name, c := range map[string]struct {
		template string
		around   int // what stands around the text in the result
	}{
		"json":        {`{ "a" : <t> , "b" : "<t>" }`, len(`{"a":"","b":""}`)},
		"text":        {`"<t><t>"`, len(`""`)},
		"white space": {`{ "a" : ` + strings.Repeat(" ", 1000) + `<t> , "b" : "<t>" }`, len(`{"a":"","b":""}`)},
	} {
		t.Run(name, func(t *testing.T) {
			in := compile(t, transform.Spec{Template: &c.template, Paths: map[string]string{"t": "$.detail.t"}})
			half := (transform.MaxOutput - c.around) / 2
			for _, more := range []int{0, 1} {
				event := `{"detail":{"t":"` + strings.Repeat("x", half+more) + `"}}`
				out, err := in.Render([]byte(event), transform.Vars{})
				if fits := more == 0; fits != (err == nil) || fits && len(out) < transform.MaxOutput-1 {
					t.Errorf("twice %d bytes: %d bytes, %v", half+more, len(out), err)
				}
			}
		})
	}
}

// A path that goes down by stars finds each value once, however deep.
func TestStarsBelowStarsMakeOneList(t *testing.T) {
	const depth = 100
	event := strings.Repeat(`{"a":`, depth) + `"` + strings.Repeat("x", 1<<20) + `"` + strings.Repeat("}", depth)
	p, err := transform.ParsePath("$" + strings.Repeat(".*", depth))
	if err != nil {
		t.Fatal(err)
	}
	var found []byte
	if n := allocated(func() { found, _ = p.Find([]byte(event)) }); n > 8<<20 || len(found) != 1<<20+4 {
		t.Errorf("%d bytes found, %d KiB allocated on the way", len(found), n>>10)
	}
}

// FuzzBound: whatever template, path and event there are, what is made and
// what is allocated on the way stay within the bounds.
func FuzzBound(f *testing.F) {
	f.Add(`[<v>,`, `<v>,`, `<v>]`, "$.a", `{"a":`, "x", `}`, uint16(2000), uint16(60000))
	f.Add(`"`, `<v><w>`, `"`, "$[*]..*", `[`, `"",`, `1]`, uint16(9000), uint16(9000))
	f.Add(`{"a":"`, `<v>`, `"}`, "$", `"`, `\n`, `"`, uint16(3), uint16(60000))
	f.Add(`[`, `<aws.events.event>,`, `1]`, "$.*.*", `{"id":"`, `x`, `"}`, uint16(400), uint16(60000))
	f.Fuzz(func(t *testing.T, open, again, end, path, head, part, tail string, times, size uint16) {
		if len(open)+len(end)+int(times)*len(again) > 8192 || len(head)+len(tail)+int(size)*len(part) > 1<<20 {
			return // PutTargets and PutEvents take no more
		}
		template := open + strings.Repeat(again, int(times)) + end
		event := []byte(head + strings.Repeat(part, int(size)) + tail)
		if !json.Valid(event) {
			return
		}
		in, err := transform.Compile(transform.Spec{Template: &template, Paths: map[string]string{"v": path, "w": "$.*"}})
		if err != nil {
			return
		}
		var out []byte
		n := allocated(func() { out, err = in.Render(event, transform.Vars{}) })
		if _, keeps := in.Cost(len(event)); len(out) > min(keeps, transform.MaxOutput) {
			t.Errorf("%d bytes came out, where %d were announced", len(out), keeps)
		}
		// Strings with escapes are decoded each time that they are named.
		if most := uint64(32<<20 + 64*len(template)); n > most {
			t.Errorf("%d KiB were allocated for an event of %d KiB", n>>10, len(event)>>10)
		}
	})
}

// attack F2, in time: a hundred paths of a hundred steps went through an event
// of 1 MB for as long as it took, half a minute and more, and nothing ended it.
func TestWhatPathsLookAtHasABound(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	transform.WithEffort(t, 64<<20)
	path := "$.detail" + strings.Repeat(".a", 120)
	paths, template := map[string]string{}, `"`
	for i := range 100 {
		paths[fmt.Sprint("v", i)] = path
		template += fmt.Sprintf("<v%d>", i)
	}
	template += `"`
	event := []byte(`{"detail":` + strings.Repeat(`{"a":`, 120) + `{"big":"` + strings.Repeat("x", 900<<10) + `"}` + strings.Repeat("}", 120) + `}`)
	_, rendering := compile(t, transform.Spec{Template: &template, Paths: paths}).Render(event, transform.Vars{})
	dynamics := transform.NewDynamics(event)
	var resolving error
	for range 100 {
		if _, _, err := dynamics.Resolve(path + ".none"); err != nil {
			resolving = err
		}
	}
	for what, err := range map[string]error{"a template": rendering, "parameters": resolving} {
		e, ok := errors.AsType[*transform.Error](err)
		if !ok || e.Code != transform.CodeInvalidParameter || !strings.Contains(e.Message, "more than 64 MiB of this event") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Keys with escapes cost more than their length.
func TestDecodingKeysCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	transform.WithEffort(t, 64<<20)
	event := []byte(`{"detail":{` + strings.Repeat(`"\u0062":1,`, 90<<10) + `"b":2}}`)
	dynamics := transform.NewDynamics(event)
	for range 10 {
		if _, _, err := dynamics.Resolve("$.detail.a"); err != nil {
			return
		}
	}
	t.Error("10 times through 90,000 keys with escapes cost nothing")
}

func TestAHundredPathsMayEachGoFiveLevelsDown(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	paths, template := map[string]string{}, "["
	for i := range 100 {
		paths[fmt.Sprint("v", i)] = fmt.Sprintf("$.detail.a.b.c.v%d", i)
		template += fmt.Sprintf("<v%d>,", i)
	}
	template = strings.TrimSuffix(template, ",") + "]"
	event := `{"detail":{"a":{"b":{"c":{"big":"` + strings.Repeat("x", 1000<<10) + `"}}}}}`
	if _, err := compile(t, transform.Spec{Template: &template, Paths: paths}).Render([]byte(event), transform.Vars{}); err != nil {
		t.Error(err)
	}
}
