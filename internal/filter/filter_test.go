package filter

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const apache = `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`

const trailEvent = `{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null}`

const compound = `{"user":{"id":1,"email":"ann@example.com"},"users":[{"id":2,"email":"bo@example.com"}],"actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6]]}`

// ahead L1, L2, L4, L5, L7, L8, L10, L11, L13.
func TestPatternsMatchAsAWSSays(t *testing.T) {
	errors := []string{"[ERROR 400] BAD REQUEST", "[ERROR 401] UNAUTHORIZED REQUEST", "[ERROR 419] MISSING ARGUMENTS", "[ERROR 420] INVALID ARGUMENTS", "[ERROR 500] INTERNAL SERVER ERROR", "[INFO] ok"}
	hellos := []string{"hello", "world", "hello world", "goodbye world", "goodbye cruel world"}
	for _, c := range []struct {
		pattern string
		lines   []string
		want    string // the letters of the lines that match
	}{
		{"ERROR ARGUMENTS", errors, "cd"},
		{"?ERROR ?ARGUMENTS", errors, "abcde"},
		{"ERROR -ARGUMENTS", errors, "abe"},
		{`"INTERNAL SERVER ERROR"`, errors, "e"},
		{`" "`, errors, "abcdef"},
		{"", errors, "abcdef"},
		{"error", errors, ""},
		{"-ERROR", errors, "f"},
		{"%AUTHORIZED%", errors, "b"},
		{"%4(0%", errors, "!may not have a '('"},
		{`%ERROR\s4[02]0%`, errors, "ad"},
		{`?"ERROR" "400" ?"INFO" "ok"`, errors, "af"},
		{`ERROR ?400 ?401`, errors, "abcde"},
		{"hello", hellos, "ac"},
		{"goodbye world", hellos, "de"},
		{`"hello cruel"`, hellos, ""},
		{`a-b`, hellos, "!put double quotes"},
		{`?`, hellos, "!a mark stands alone"},
		{`"open`, hellos, "!a quote is not closed"},
		{"%a% %b% %c%", hellos, "!more than 2 regular expressions"},
		{strings.Repeat("a", 1025), hellos, "!more than 1024 characters"},

		{`{$.my_json_field = "foo"}`, []string{"hello", `{"my_json_field":"foo"}`, `{"my_json_field":"foo"} x`}, "b"},
		{`{ $.eventType = "UpdateTrail" }`, []string{trailEvent}, "a"},
		{`{ $.sourceIPAddress != 123.123.* }`, []string{trailEvent}, "a"},
		{`{ $.arrayKey[0] = "value" }`, []string{trailEvent}, "a"},
		{`{ $.arrayKey[*] = "another*" }`, []string{trailEvent}, "a"},
		{`{ $.objectList[1].id = 2 }`, []string{trailEvent}, "a"},
		{`{ $.SomeObject IS NULL }`, []string{trailEvent}, "a"},
		{`{ $.SomeOtherObject NOT EXISTS }`, []string{trailEvent}, "a"},
		{`{ $.eventType NOT EXISTS }`, []string{trailEvent}, ""},
		{`{ $.SomeOtherObject != "x" }`, []string{trailEvent}, ""},
		{`{ $.arrayKey = "value" }`, []string{trailEvent}, ""},
		{`{ $.eventType = "updatetrail" }`, []string{trailEvent}, ""},
		{`{ $['eventType'] = *Trail }`, []string{trailEvent}, "a"},
		{`{ $.eventType = %^Up[a-z]+% }`, []string{trailEvent}, "a"},
		{`{ ($.user.id = 1) && ($.users[0].email = "bo@example.com") }`, []string{compound}, "a"},
		{`{ $.user.email = "ann@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" }`, []string{compound}, "a"},
		{`{ ($.user.email = "ann@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" }`, []string{compound}, ""},
		{`{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }`, []string{compound}, ""},
		{`{ $.n[0] = 1e-3 }`, []string{`{"n":[0.001]}`}, "a"},
		{`{ $.n[0] != 1e+3 }`, []string{`{"n":[1000]}`}, ""},
		{`{ $.bw > 75 }`, []string{`{"bw":75}`, `{"bw":"80"}`, `{"bw":75.5}`}, "c"},
		{`{ $.status = 4* }`, []string{`{"status":404}`, `{"status":"404"}`, `{"status":500}`}, "ab"},
		{`{ $.ok IS TRUE || $.ok IS FALSE }`, []string{`{"ok":true}`, `{"ok":false}`, `{"ok":"true"}`}, "ab"},
		{`{ $.a = 1`, nil, "!a } is missing"},
		{`{ $.a > "x" }`, nil, "!needs a number"},
		{`{ $.a EXISTS }`, nil, "!a comparison is missing"},
		{`{ a = 1 }`, nil, "!a selector is missing"},
		{`{ $.a[x] = 1 }`, nil, "!no element of a list"},
		{`{ $.a = 1 } b`, nil, "!is too much"},

		{`[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]`, []string{apache}, "a"},
		{`[..., request =*.html*, status_code = 4*, bytes]`, []string{apache}, "a"},
		{`[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]`, []string{apache}, "a"},
		{`[ip, server, username, timestamp, request, status_code, bytes > 1000]`, []string{apache}, "a"},
		{`[ip, server, username, timestamp, request, status_code, bytes > 2000]`, []string{apache}, ""},
		{`[ip, ..., bytes = 1534]`, []string{apache, "x 1534", "1534"}, "ab"},
		{`[ip, server]`, []string{apache}, ""},
		{`[]`, []string{apache}, "a"},
		{`[r=REPORT,...]`, []string{"REPORT RequestId: 1", "START RequestId: 1"}, "a"},
		{`[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]`, nil, "!Invalid filter pattern"}, // ahead L14
		{`[a, ..., b, ...]`, nil, "!... stands twice"},
	} {
		p, err := Compile(c.pattern)
		if want, bad := strings.CutPrefix(c.want, "!"); bad || err != nil {
			if err == nil || !bad || !strings.HasPrefix(err.Error(), "Invalid filter pattern: ") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", c.pattern, err, c.want)
			}
			continue
		}
		got := ""
		for i, line := range c.lines {
			if p.Match([]byte(line)) {
				got += string(rune('a' + i))
				for _, text := range p.Holds() {
					if !strings.Contains(line, string(text)) {
						t.Errorf("%s is said to need %q, and matches %s", c.pattern, text, line)
					}
				}
			}
		}
		if got != c.want {
			t.Errorf("%s matches %q, want %q", c.pattern, got, c.want)
		}
	}
}

// ahead L11.
func TestNamesAndSelectorsStandForValues(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          map[string]string
	}{
		{"[ip, ..., timestamp, request, status, bytes]", apache, map[string]string{"$ip": "127.0.0.1", "$timestamp": "10/Oct/2000:13:25:15 -0700", "$request": "GET /index.html HTTP/1.0", "$status": "404", "$bytes": "1534"}},
		{`{ $.objectList[1].id = 2 && $.eventType = * }`, trailEvent, map[string]string{"$.objectList[1].id": "2", "$.eventType": "UpdateTrail"}},
		{"ERROR", "ERROR", map[string]string{}},
	} {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, p.Extract([]byte(c.text))); diff != "" {
			t.Errorf("%s: %s", c.pattern, diff)
		}
	}
}

// FuzzFilter: no pattern and no text makes it panic, and what a pattern is said to
// need is in what it matches.
func FuzzFilter(f *testing.F) {
	f.Add(`{ $.a[0].b = "x*" && ($.c IS NULL || $.d NOT EXISTS) }`, `{"a":[{"b":"xy"}]}`)
	f.Add(`[a, ..., b = 4* || b > 7]`, apache)
	f.Add(`?"a b" -c %d+%`, "a b d")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, err := Compile(pattern)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "Invalid filter pattern: ") {
				t.Errorf("%q: %v", pattern, err)
			}
			return
		}
		if !p.Match([]byte(text)) {
			return
		}
		p.Extract([]byte(text))
		for _, part := range p.Holds() {
			if !strings.Contains(text, string(part)) {
				t.Errorf("%q matches %q without %q", pattern, text, part)
			}
		}
	})
}

// A pattern of a stranger may have work for minutes with a text of a stranger.
func TestATextThatTakesTooLongDoesNotMatch(t *testing.T) {
	defer func(before time.Duration) { patience = before }(patience)
	patience = 10 * time.Millisecond
	hard := "%" + strings.Repeat("[ab]*", 190) + "c%"
	text := strings.Repeat("ab", 100_000) + "c"
	for pattern, text := range map[string]string{hard: text, "{ $.a = " + hard + " }": `{"a":"` + text + `"}`, "[a = " + hard + "]": text} {
		p, err := Compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if p.Match([]byte(text)) {
			t.Errorf("%.20s matches", pattern)
		}
	}
}

// A hostile text of a megabyte would be a tree of 46: looking into it makes next to
// nothing, wherever the selectors lead.
func TestSelectorsMakeNoTree(t *testing.T) {
	text := []byte(`{"a":[` + strings.Repeat(`{"":0},`, 150_000) + `{"b":"c"}]}`)
	for _, pattern := range []string{`{ $.a[*].b = "c" }`, `{ $.x = 1 || $.a[150000].b = c }`, `{ $.a[*].x.y NOT EXISTS && $.a[7] != 1 || $.a[*].b = * }`} {
		p, err := Compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if !p.Match(text) {
			t.Errorf("%s does not match", pattern)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 100_000 {
			t.Errorf("%s: %d bytes were made for a text of %d", pattern, n, len(text))
		}
	}
}
