package insights

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/insights/eval"
)

// answer runs a query over texts, a second apart, and returns its rows without @ptr:
// field=value, with commas between them.
func answer(t testing.TB, query string, texts ...string) []string {
	t.Helper()
	q, err := Compile(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	r := q.Start(Limits{Rows: 1000, Memory: 1 << 20, Now: time.Unix(1_800_000_000, 0)})
	begin := time.Date(2026, 1, 29, 12, 0, 0, 0, time.UTC)
	for i, text := range texts {
		for _, h := range q.Holds() {
			if !strings.Contains(text, string(h)) {
				goto next
			}
		}
		if err := r.Add(&Record{
			Time: begin.Add(time.Duration(i) * time.Second).UnixMilli(), Arrived: begin.UnixMilli(), Text: []byte(text),
			Stream: "s", Group: "111111111111:g", Ptr: func() string { return fmt.Sprint("ptr", i) },
		}); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	next:
	}
	rows, err := r.End()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var out []string
	for _, row := range rows {
		var all []string
		for _, f := range row {
			if f.Name != eval.FieldPtr {
				all = append(all, f.Name+"="+f.Value)
			}
		}
		out = append(out, strings.Join(all, ","))
	}
	return out
}

const classic = "25 May 2019 10:24:39,474 [ERROR] {foo=2, bar=data} The error was: DataIntegrityException"

func TestQueries(t *testing.T) {
	levels := []string{"INFO a", "ERROR b", "ERROR c"}
	jobs := []string{`{"job":"A"}`, `{"job":"A|B"}`, `{"job":"B"}`}
	numbers := []string{`{"n":1,"g":"x"}`, `{"n":2.5,"g":"y"}`, `{"n":"3","g":"x"}`, `{"g":"z"}`}
	for _, c := range []struct {
		query string
		texts []string
		want  []string
	}{
		// rooms-ahead L31
		{`fields @message | filter @message like /ERROR/`, levels, []string{"@message=ERROR c", "@message=ERROR b"}},
		{`stats count(*) as n`, levels, []string{"n=3"}},
		{`filter @message like "ERROR" | stats count(*)`, levels, []string{"count(*)=2"}},
		// rooms-ahead L32
		{`filter job = 'A|B' | fields job | limit 5`, jobs, []string{"job=A|B"}},
		// rooms-ahead L34
		{`parse @message "[*] * The error was: *" as level, config, exception | display level, config, exception`, []string{classic}, []string{"level=ERROR,config={foo=2, bar=data},exception=DataIntegrityException"}},
		{`parse @message /\[(?<level>\S+)\]\s+(?<config>\{.*\})\s+The error was: (?<exception>\S+)/ | display level, config, exception`, []string{classic}, []string{"level=ERROR,config={foo=2, bar=data},exception=DataIntegrityException"}},
		{`parse "[*]" as level | fields level`, []string{classic, "none"}, []string{"", "level=ERROR"}},
		{`parse "*=2" as a`, []string{classic}, []string{"@timestamp=2026-01-29 12:00:00.000,@message=" + classic + ",a=25 May 2019 10:24:39,474 [ERROR] {foo"}},
		// rooms-ahead L35
		{`display ltrim("xyZxyfooxyZ","xyZ") as a, rtrim("xyZfooxyxyZ","xyZ") as b, trim("xyZxyfooxyxyZ","xyZ") as c, substr("xyZfooxyZ",3,3) as d, 2 ^ 3 as e, 10 % 3 as f, strcontains("abc","b") as g, isempty(missing) as h, isblank("  ") as i`,
			[]string{"x"}, []string{"a=fooxyZ,b=xyZfoo,c=foo,d=foo,e=8,f=1,g=1,h=1,i=1"}},
		// rooms-ahead L37
		{"fields @@example.com, `foo-bar`, a.items.0.id, @log", []string{`{"@example.com":1,"foo-bar":2,"a":{"items":[{"id":"i-1"}]}}`},
			[]string{"@@example.com=1,foo-bar=2,a.items.0.id=i-1,@log=111111111111:g"}},
		// rooms-ahead L38
		{`fields a | display b | display c`, []string{`{"a":1,"b":2,"c":3}`}, []string{"c=3"}},
		{`filter g in ["ab"] | fields g`, []string{`{"g":"abc"}`}, nil},
		{`filter f like "Exception" | fields f`, []string{`{"f":"exception"}`}, nil},
		{`filter f like /(?i)Exception/ | fields f`, []string{`{"f":"exception"}`}, []string{"f=exception"}},
		// rooms-ahead L40, without what makes it wrong
		{`fields if(ispresent(src), src, "unknown") as src2 | stats count(*) by src2`, []string{`{"src":"a"}`, `{}`}, []string{"src2=a,count(*)=1", "src2=unknown,count(*)=1"}},
		{`fields if(ispresent(src), src, "unknown") as src | stats count(*) by src`, []string{`{}`}, []string{"src=unknown,count(*)=1"}},

		{``[:0] + `filter n > 1 | fields n | sort n`, numbers, []string{"n=2.5", "n=3"}},
		{`fields @timestamp, @message`, []string{"a", "b"}, []string{"@timestamp=2026-01-29 12:00:01.000,@message=b", "@timestamp=2026-01-29 12:00:00.000,@message=a"}},
		{`filter not (n > 1 and g = "x") | stats count(*)`, numbers, []string{"count(*)=3"}},
		{`filter n != 1 | stats count(*)`, numbers, []string{"count(*)=3"}},
		{`filter g not like "x" and g not in ["z"] | fields g`, numbers, []string{"g=y"}},
		{`filter g =~ /^[xy]$/ | stats count(*)`, numbers, []string{"count(*)=3"}},
		{`filter ok = "true" and ok = 1 | fields ok`, []string{`{"ok":true}`, `{"ok":false}`}, []string{"ok=1"}},
		{`stats count(n), sum(n), avg(n) as a, min(n), max(n), stddev(n) > 0.8 as d, pct(n, 50), count_distinct(g), earliest(g), latest(g), sortsFirst(g), sortsLast(g)`, numbers,
			[]string{"count(n)=3,sum(n)=6.5,a=2.1666666666666665,min(n)=1,max(n)=3,d=1,pct(n, 50)=2.5,count_distinct(g)=3,earliest(g)=x,latest(g)=z,sortsFirst(g)=x,sortsLast(g)=z"}},
		{`stats count(*) as c by bin(2s)`, []string{"a", "b", "c"}, []string{"bin(2s)=2026-01-29 12:00:00.000,c=2", "bin(2s)=2026-01-29 12:00:02.000,c=1"}},
		{`stats count(*) by g | sort count(*) desc, g | limit 1`, numbers, []string{"g=x,count(*)=2"}},
		{`stats sum(n) / count(*) * 100 as share by g | filter share > 200`, numbers, []string{"g=y,share=250"}},
		{`stats max(n) as m by g | stats sum(m) as s`, numbers, []string{"s=5.5"}},
		{`fields g | dedup g | limit 2`, numbers, []string{"g=z", "g=x"}},
		{`fields g | sort @timestamp asc | dedup g`, numbers, []string{"g=x", "g=y", "g=z"}},
		{`fields n | dedup n`, []string{"a", "b"}, []string{"", ""}},
		{`fields v | sort v`, []string{`{"v":"a10"}`, `{"v":"a9"}`, `{"v":3}`, `{"v":20}`, `{}`}, []string{"", "v=a9", "v=a10", "v=3", "v=20"}},
		{`fields jsonParse(@message) as j | filter j.a.b = 1 | display j.a.b, jsonStringify(j) as s`, []string{`{"a":{"b":1}}`}, []string{`j.a.b=1,s={"a":{"b":1}}`}},
		{`fields datefloor(@timestamp, 1h) as h, dateceil(@timestamp, 1mo) as m, toMillis(@timestamp) as t, fromMillis(0) as z, now() as n`, []string{"a"},
			[]string{"h=2026-01-29 12:00:00.000,m=2026-02-01 00:00:00.000,t=1769688000000,z=1970-01-01 00:00:00.000,n=1800000000"}},
		{`fields isValidIp("10.0.0.1") as a, isIpv4InSubnet("10.1.2.3", "10.0.0.0/8") as b, isValidIpv6("x") as c`, []string{"a"}, []string{"a=1,b=1,c=0"}},
		{`fields concat(g, "-", strlen(g)) as c, toupper(g) as u, replace(g, "x", "yy") as r, coalesce(no, g) as o, greatest(1, 3, 2) as m, abs(-2) as b`, numbers[:1], []string{"c=x-1,u=X,r=yy,o=x,m=3,b=2"}},
		{"fields @message # what it is\n| limit 1", []string{"a"}, []string{"@message=a"}},
		{`fields 1/0 as a, -2 ^ 2 as b, 2 + 3 * 4 as c, (2 + 3) * 4 as d`, []string{"a"}, []string{"b=-4,c=14,d=20"}},
		{`filter a.b.0 = 1 and c.d = 2 | stats count(*)`, []string{`{"a":{"b":[1]},"c.d":2}`}, []string{"count(*)=1"}},
		{`fields a`, []string{`{"a":{"b":[1,null]}}`}, []string{`a={"b":[1,null]}`}},
	} {
		if diff := cmp.Diff(c.want, answer(t, c.query, c.texts...)); diff != "" {
			t.Errorf("%s\n%s", c.query, diff)
		}
	}
}

func TestWhatIsNoQuery(t *testing.T) {
	for query, want := range map[string]string{
		``:                        "unexpected symbol found the end of the query; expected is a command",
		`fields`:                  "unexpected symbol found the end of the query; expected is a field",
		`| limit 1`:               "unexpected symbol found |",
		`limit 1 |`:               "unexpected symbol found the end",
		"fields a\n| sss":         "unexpected symbol found sss; expected is a command: fields, display, filter, parse, stats, sort, limit or dedup: at line 2 and position 2",
		`pattern @message`:        "dari does not offer the command pattern",
		`source logGroups()`:      "dari does not offer the command source",
		`filter a = "x`:           "a quote is not closed",
		`filter a like /x`:        "a regular expression is not closed",
		`filter a like /(/`:       "missing closing )",
		`filter a not b`:          "unexpected symbol found b; expected is like or in",
		`filter (a = 1`:           "unexpected symbol found the end",
		`fields nope(a)`:          "unknown function nope",
		`fields strlen(a, b)`:     "the function strlen has 1 arguments, not 2",
		`fields bin(5x)`:          "a period is a number and a unit",
		`limit 0`:                 "a limit is a number from 1 to 100000",
		`limit 100001`:            "a limit is a number",
		`stats`:                   "unexpected symbol",
		`stats a by b`:            "Unknown symbols found in or after stats: a",
		`stats 1`:                 "stats has no function",
		`stats pct(a)`:            "the function pct has 2 arguments",
		`stats pct(a, 200)`:       "the percentile of pct is a number from 0 to 100",
		`stats count(count(*))`:   "unknown function count",
		`parse "* *" as a`:        "the pattern of parse has 2 stars, and 1 names are",
		`parse /x/`:               "a regular expression of parse names what it finds",
		`dedup a | sort b`:        "unexpected symbol found sort: behind dedup there may only be limit",
		`stats count(*) | sort n`: "Unknown symbols found in or after stats: n",
		// rooms-ahead L40
		`fields src | fields if(ispresent(src), src, "unknown") as src | stats count(*) by src`: "Unknown symbols found in or after stats: src",
		strings.Repeat("(", 10_001):                           "the query has more than 10000 characters",
		`filter ` + strings.Repeat("(", 5000):                 "the query is nested too deeply",
		`filter ` + strings.Repeat("not ", 2000):              "the query is nested too deeply",
		`fields ` + strings.Repeat("-", 5000):                 "the query is nested too deeply",
		`fields ` + strings.Repeat("1+", 2000) + "1":          "the query has more than 1000 operators",
		`filter a like /` + strings.Repeat("a{999}", 9) + `/`: "the regular expressions of the query are too large",
		"fields `" + strings.Repeat("a", 600) + "`":           "the name of a field has 1 to 512 characters",
	} {
		_, err := Compile(query)
		if e, ok := errors.AsType[*Error](err); !ok || !strings.HasPrefix(e.Message, want) && !strings.Contains(e.Message, want) || e.Start > e.End || e.End > len(query) {
			t.Errorf("%.60s: %v, want %s", query, err, want)
		}
	}
}

func run(t *testing.T, query string, memory int64, n int, text func(int) string) (*Run, error) {
	t.Helper()
	q, err := Compile(query)
	if err != nil {
		t.Fatal(err)
	}
	r := q.Start(Limits{Rows: 10_000, Memory: memory})
	for i := range n {
		if err := r.Add(&Record{Time: int64(i), Text: []byte(text(i)), Ptr: func() string { return "p" }}); err != nil {
			return r, err
		}
		if r.used > memory {
			t.Fatalf("%s keeps %d bytes", query, r.used)
		}
	}
	_, err = r.End()
	return r, err
}

// A stranger has the query and the events: what is kept has a bound.
func TestWhatARunKeepsHasABound(t *testing.T) {
	text := func(i int) string { return fmt.Sprintf(`{"id":"%0100d"}`, i) }
	for _, query := range []string{
		`stats count(*) by id`, `stats count_distinct(id)`, `fields id | dedup id`, `sort id | filter id like "1"`,
		`stats pct(toMillis(@timestamp), 9), latest(id) by id`, `sort @message | dedup id`,
	} {
		if _, err := run(t, query, 100_000, 50_000, text); !errors.Is(err, ErrMemory) {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, query := range []string{`fields @message`, `sort id desc | limit 5000`, `stats pct(toMillis(@timestamp), 9)`, `stats latest(id), max(id), sum(id)`} {
		r, err := run(t, query, 200_000, 20_000, text)
		if err != nil || len(r.result) == 0 || r.clipped != strings.Contains("fields @message sort id desc | limit 5000", query) {
			t.Errorf("%s: %v, %d rows, clipped %v", query, err, len(r.result), r.clipped)
		}
	}
}

func TestTheFirstRowsOfManyAreThose(t *testing.T) {
	r, err := run(t, `fields id | sort id desc | limit 3`, 1<<20, 10_000, func(i int) string { return fmt.Sprintf(`{"id":%d}`, (i*7919)%10_000) })
	if err != nil || fmt.Sprint(r.result) != "[[{id 9999} {@ptr p}] [{id 9998} {@ptr p}] [{id 9997} {@ptr p}]]" {
		t.Errorf("%v, %v", err, r.result)
	}
}

func TestAQueryKnowsWhatEventsMustHold(t *testing.T) {
	for query, want := range map[string]string{
		`filter @message like "abc" and @message like /def+/ and a = 1 | filter @message = "x y"`: "abc def x y",
		`filter @message like "abc" or a = 1`:                                                     "",
		`filter not @message like "abc"`:                                                          "",
		`filter @message not like "abc"`:                                                          "",
		`filter @message = "1"`:                                                                   "",
		`filter @message like /(?i)abc/`:                                                          "",
		`fields a as @message | filter @message like "abc"`:                                       "",
		`stats latest(@message) as @message | filter @message like "abc"`:                         "",
		`limit 1 | filter @message like "abc"`:                                                    "",
	} {
		q, err := Compile(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		var all []string
		for _, h := range q.Holds() {
			all = append(all, string(h))
		}
		if got := strings.Join(all, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestTheFieldsOfAnEvent(t *testing.T) {
	var all []string
	Fields(&Record{Text: []byte(`{"@x":true,"a":[1,{"b":null}],"c":{}}`), Stream: "s"}, func(name, value string) bool {
		all = append(all, name+"="+value)
		return true
	})
	if got := strings.Join(all[5:], " "); got != "@@x=1 a.0=1" || all[3] != "@logStream=s" {
		t.Errorf("%q", all)
	}
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		`fields @timestamp, concat(a, "x") as b | filter @message like /x+/ and a.b.0 in [1, "x"] | sort b desc | limit 3`,
		`parse "[*] *" as a, b | stats count(*), pct(a, 50), latest(b) by bin(5m), a | sort count(*) | display a`,
		"parse /(?<x>.)/ | dedup x, `y z` | limit 2", `fields jsonParse(@message) as j, substr(j.a, 1, 2) | stats sum(j.b)/2 by j.c`,
		`fields datefloor(@timestamp, 7mo), -a ^ 2 % 3, not b | display replace(a, "a", "b")`,
	} {
		f.Add(q, `{"a":{"b":[1,"é"]},"c":true}`)
	}
	f.Fuzz(func(t *testing.T, query, text string) {
		q, err := Compile(query)
		if err != nil {
			if e, ok := errors.AsType[*Error](err); !ok || e.Start < 0 || e.Start > e.End || e.End > len(query) || e.Message == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		r := q.Start(Limits{Rows: 10, Memory: 100_000})
		for i := range 5 {
			hit := true
			for _, h := range q.Holds() {
				hit = hit && strings.Contains(text, string(h))
			}
			before := r.matched
			err := r.Add(&Record{Time: int64(i), Text: []byte(text), Ptr: func() string { return "p" }})
			if !hit && r.matched > before {
				t.Fatal("an event is found that lacks what the query says it must hold")
			}
			if err != nil {
				return
			}
		}
		rows, err := r.End()
		if r.used > r.most || len(rows) > 10 || err != nil && !errors.Is(err, ErrMemory) {
			t.Fatalf("%d bytes, %d rows, %v", r.used, len(rows), err)
		}
	})
}
