package vtl_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/dari-bus/dari/internal/vtl"
	"github.com/dari-bus/dari/internal/vtl/value"
)

func run(source string, vars map[string]vtl.Value, limits value.Limits) (string, error) {
	t, err := vtl.Compile(source)
	if err != nil {
		return "", err
	}
	return t.Run(vars, limits)
}

// What is beyond all numbers, or none, is still made by calculating.
func TestNumbersWithoutEndBecomeNoWholeOnes(t *testing.T) {
	for source, want := range map[string]string{
		"#set($a = 1.0e308 * 10)$a.intValue()":                         "too large for a whole one",
		"#set($a = -1.0e308 * 10)$a.longValue()":                       "too large for a whole one",
		"#set($a = 9.3e18)$a.longValue()":                              "too large for a whole one",
		"#set($a = 1.0e308 * 10)#set($b = $a - $a)$b $b.intValue()":    "NaN 0",
		"#set($a = -9.5)#set($b = 9.0e18)$a.intValue() $b.longValue()": "-9 9000000000000000000",
	} {
		got, err := run(source, nil, vtl.Usual)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// Each would go on for years, or take all memory there is.
func TestHostileTemplatesAreEnded(t *testing.T) {
	const (
		steps   = "the template takes more steps than it may"
		memory  = "the template makes values of more memory than there is for it"
		output  = "the template writes more than it may"
		loop    = "#foreach($i in [1..1000])"
		nesting = "the value is nested more than 500 levels deep, or has itself in it"
	)
	big := strings.Repeat("ab'", 300<<10)
	limits := value.Limits{Steps: 1 << 20, Output: 1 << 20, Memory: 8 << 20}
	for source, want := range map[string]string{
		strings.Repeat("#foreach($i in $ten)", 9) + strings.Repeat("#end", 9):                                            steps,
		"#set($x = 'aaaaaaaa')" + loop + `#set($x = "$x$x")#end`:                                                         output,
		"#set($x = 'aaaaaaaa')" + loop + `#set($x = $x + $x)#end`:                                                        output,
		"#set($x = 'aaaaaaaa')" + loop + `#set($x = $x.concat($x))#end`:                                                  memory,
		"#set($x = 'aaaaaaaa')" + loop + `#set($x = $x.replace('a', 'aaaa'))#end`:                                        memory,
		"#set($x = 'aaaaaaaa')" + loop + `#set($x = $x.replaceAll('a', '$0$0$0$0'))#end`:                                 memory,
		"#set($x = [1])" + loop + "#set($d = $x.addAll($x))#end":                                                         memory,
		"#set($x = [1])" + loop + "#set($x = [$x, $x])#end":                                                              "",
		"#set($x = [1])#foreach($i in [1..60])#set($x = [$x, $x])#end$x":                                                 output,
		"#set($x = [1])#foreach($i in [1..60])#set($x = [$x, $x])#end#set($y = \"$x\")":                                  output,
		"#set($x = [1])#set($y = [1])#foreach($i in [1..60])#set($x = [$x, $x])#set($y = [$y, $y])#end#if($x == $y)#end": steps,
		"#set($x = [1])" + loop + "#set($x = [$x])#end$x":                                                                nesting,
		"#set($m = {})#set($m.m = $m)$m":                                                                                 nesting,
		loop + loop + "$body.contains('x')#end#end":                                                                      steps,
		loop + loop + "$body.replaceAll('(a|b|ab)*c', '')#end#end":                                                       steps,
		loop + "$body.replaceAll('', '-')#end":                                                                           memory,
		loop + "$body.split('')#end":                                                                                     memory,
		loop + loop + "#if($body.matches('.{500}.{400}x$i.{5}$foreach.parent.index'))#end#end#end":                       steps,
		loop + loop + "#set($m[\"k$i.$foreach.parent.index\"] = $i)#end#end":                                             "",
		loop + "$body#end":      output,
		"#define($a)$a$a#end$a": "blocks are in each other more than 20 levels deep",
		"#define($z)z#end#define($y)$z$z#end#define($x)$y$y#end" + loop + "#set($s = \"$x\")#if($s != 'zzzz')#stop#end#end$s.nothing.more": "",
	} {
		_, err := run(source, map[string]vtl.Value{"body": big, "m": value.NewMap(), "ten": value.NewList(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)}, limits)
		var e *vtl.Error
		if want == "" && err == nil {
			continue
		}
		if !errors.As(err, &e) || want != "" && e.Message != want {
			t.Errorf("%.100s: %v, not %s", source, err, want)
		}
	}
}

// What is long or deep is compiled in a time like its length, or refused.
func TestHostileTextsAreCompiled(t *testing.T) {
	for _, piece := range []string{"$a", "${a}", "$a.b(", "$a[", `\`, "#", "$", "#a(", "#a($b ", "#if(", "#if(1)", "#foreach($a in [1])", "#macro(a)", "#define($a)", "#set($a = ", "#set($a = [", "#set($a = {", "#set($a = (", "#set($a = !", "#set($a = 1 + ", "#set($a = 1)", "#[[", "#*", "##", "\"", "#set($a = \"#a(\"\"$", "'", "#a('", "#@a(1)", "#evaluate(", "{", "$a.b", "1 + ", "\n"} {
		for _, source := range []string{strings.Repeat(piece, vtl.MaxLength/len(piece)), "#set($x = " + strings.Repeat(strings.TrimPrefix(piece, "#set($a = "), (vtl.MaxLength-20)/len(piece))} {
			if _, err := vtl.Compile(source); err != nil && !errors.As(err, new(*vtl.Error)) {
				t.Errorf("%q: %v", piece, err)
			}
		}
	}
	if _, err := vtl.Compile(strings.Repeat("a", vtl.MaxLength+1)); err == nil {
		t.Error("a template that is too long is compiled")
	}
}

func TestTemplatesAreRunByManyAtOnce(t *testing.T) {
	template, err := vtl.Compile(`#define($m)<$i>#end#set($x = [$n])#foreach($i in [1..10])#set($d = $x.add($i))$m#end$x.size() $s.replaceAll("[0-9]", "$n")`)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			for range 50 {
				out, err := template.Run(map[string]vtl.Value{"n": int64(n), "s": "a1b"}, vtl.Usual)
				if want := `<1><2><3><4><5><6><7><8><9><10>11 a` + string(rune('0'+n)) + `b`; err != nil || out != want {
					t.Errorf("%s, %v", out, err)
				}
			}
		})
	}
	all.Wait()
}

// Whatever the template and what it is run on, it ends, within its bounds, and an error
// points into the template.
func FuzzTemplate(f *testing.F) {
	for _, c := range readCases(f) {
		v := "{}"
		for _, v = range c.vars {
			break
		}
		f.Add(c.template, v)
	}
	limits := value.Limits{Steps: 50_000, Output: 1 << 16, Memory: 1 << 20}
	f.Fuzz(func(t *testing.T, source, text string) {
		vars := map[string]vtl.Value{}
		r := value.NewRun(limits)
		if v, err := value.ReadJSON(text, r.Take); err == nil {
			for _, name := range []string{"x", "l", "m", "s", "a", "n", "v", "pet", "name"} {
				vars[name] = v
			}
			_, _ = r.JSON(v)
		}
		template, err := vtl.Compile(source)
		if err == nil {
			var out string
			if out, err = template.Run(vars, limits); len(out) > limits.Output {
				t.Fatalf("%d bytes are written", len(out))
			}
		}
		if err == nil {
			return
		}
		var e *vtl.Error
		if !errors.As(err, &e) || e.Message == "" || e.Line < 1 || e.Column < 1 || e.Line > 1+strings.Count(source, "\n") {
			t.Fatalf("%q: %#v", source, err)
		}
	})
}

func BenchmarkRun(b *testing.B) {
	template, err := vtl.Compile(`#set($root = $v)
[
#foreach($pet in $root.pets)
  {"id": $pet.id, "name": "$pet.name"}#if($foreach.hasNext),#end

#end
]`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		v, err := value.ReadJSON(`{"pets": [{"id": 1, "name": "Rex"}, {"id": 2, "name": "Mia"}, {"id": 3, "name": "Tom"}]}`, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := template.Run(map[string]vtl.Value{"v": v}, vtl.Usual); err != nil {
			b.Fatal(err)
		}
	}
}
