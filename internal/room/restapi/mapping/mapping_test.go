package mapping

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// R5: and the rest of AWS's table of content types and pass-through.
func TestTemplatesAreChosenByContentType(t *testing.T) {
	some := CompileTemplates(map[string]string{"application/json": "json", "Text/XML; charset=utf-8": "xml"})
	none := CompileTemplates(nil)
	for _, c := range []struct {
		templates                *Templates
		contentType, passthrough string
		want                     string
	}{
		{some, "application/json", WhenNoMatch, "json"},
		{some, "application/json", WhenNoTemplates, "json"},
		{some, "application/json", Never, "json"},
		{some, "application/JSON ; charset=utf-8", Never, "json"},
		{some, "text/xml", Never, "xml"},
		{some, "", Never, "json"},
		{some, "text/plain", WhenNoMatch, "as it is"},
		{some, "text/plain", "", "as it is"},
		{some, "text/plain", WhenNoTemplates, "415"},
		{some, "text/plain", Never, "415"},
		{none, "application/json", WhenNoMatch, "as it is"},
		{none, "application/json", WhenNoTemplates, "as it is"},
		{none, "application/json", Never, "415"},
	} {
		got := "as it is"
		template, err := c.templates.ForRequest(c.contentType, c.passthrough)
		switch {
		case errors.Is(err, ErrUnsupported):
			got = "415"
		case template != nil:
			if got, err = (&Exchange{}).Render(template); err != nil {
				t.Fatal(err)
			}
		}
		if got != c.want {
			t.Errorf("%q with %q is %s and not %s", c.contentType, c.passthrough, got, c.want)
		}
	}
}

func TestTemplatesOfResponsesAreChosenByAccept(t *testing.T) {
	some := CompileTemplates(map[string]string{"text/plain": "text", "application/xml": "xml", "application/json": "json"})
	first := CompileTemplates(map[string]string{"text/plain": "text", "application/xml": "xml"})
	for _, c := range []struct {
		templates    *Templates
		accept, want string
	}{
		{some, "", "json"}, {some, "text/plain", "text"}, {some, "image/png, application/xml;q=0.9", "xml"},
		{some, "image/png", "json"}, {first, "", "xml"}, {first, "*/*", "xml"}, {first, "text/plain;q=1", "text"},
	} {
		if got, err := (&Exchange{}).Render(c.templates.ForResponse(c.accept)); got != c.want || err != nil {
			t.Errorf("%q is %s, %v and not %s", c.accept, got, err, c.want)
		}
	}
	if CompileTemplates(nil).ForResponse("") != nil {
		t.Error("there is a template where there is none")
	}
}

func TestBrokenTemplatesFailWhenTheyAreRendered(t *testing.T) {
	template, err := CompileTemplates(map[string]string{"application/json": "#if("}).ForRequest("", "")
	if err != nil {
		t.Fatal(err)
	}
	const want = "the template for application/json: line 1, column 5: expected a value: a reference, a text in quotes, a number, a list or a map, not the end"
	if _, err := (&Exchange{}).Render(template); err == nil || err.Error() != want {
		t.Error(err)
	}
}

func TestMocksSayTheirStatusInAnyJSON(t *testing.T) {
	for written, want := range map[string]int{
		`{"statusCode": 200}`: 200, `{statusCode: 200}`: 200, `{'statusCode': 404, "x": [1]}`: 404, ` {"statusCode": "503"} `: 503,
		"\n{\n  \"statusCode\": 201\n}\n": 201,
		``:                                0, `200`: 0, `[200]`: 0, `{"status": 200}`: 0, `{"statusCode": "no"}`: 0, `{"statusCode": 99}`: 0, `{"statusCode": 600}`: 0, `{"statusCode": 200`: 0, `{"statusCode": {}}`: 0,
	} {
		if got, ok := MockStatus(written); got != want && ok || ok != (want != 0) {
			t.Errorf("%s is %d, %v and not %d", written, got, ok, want)
		}
	}
}

func TestResponsesAreSelectedByPatternsOfAllOfTheText(t *testing.T) {
	s, err := CompileSelection([]string{"", `4\d{2}`, `.*Timeout.*`, `(\n|.)+`})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, text := range []string{"", "404", "4040", "Task Timeout!", "a\nTimeout"} {
		got[text], _ = s.Select(text, nil)
	}
	if diff := cmp.Diff(map[string]int{"": 0, "404": 1, "4040": 3, "Task Timeout!": 2, "a\nTimeout": 3}, got); diff != "" {
		t.Error(diff)
	}
	only, err := CompileSelection([]string{"200"})
	if err != nil {
		t.Fatal(err)
	}
	if place, ok := only.Select("403", nil); ok {
		t.Errorf("a status that nothing matches selects %d", place)
	}
	for _, pattern := range []string{"(", "(?!a)", strings.Repeat("a", maxPattern+1), ".{1000}.{1000}.{1000}"} {
		if _, err := CompileSelection([]string{pattern}); err == nil {
			t.Errorf("%.20s is compiled", pattern)
		}
	}
}

func TestMappedParametersNameWhatAMethodDeclares(t *testing.T) {
	p, err := CompileRequestParameters(map[string]string{
		"integration.request.path.a": "method.request.path.id", "integration.request.querystring.b": "method.request.multivaluequerystring.q",
		"integration.request.header.c": "method.request.body.x", "integration.request.header.d": "'x'", "integration.request.header.e": "context.requestId",
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"method.request.path.id", "method.request.querystring.q"}, p.Sources()); diff != "" {
		t.Error(diff)
	}
	all, err := p.Apply(&Exchange{Request: Request{Path: map[string]string{"id": "7"}, Query: map[string][]string{"q": {"1", "2"}}, Body: `{"x": 1}`}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Parameter{{"header", "c", []string{"1"}}, {"header", "d", []string{"x"}}, {"path", "a", []string{"7"}}, {"querystring", "b", []string{"1", "2"}}}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
}

func TestAccessLogsAskTheSameContext(t *testing.T) {
	x := &Exchange{Context: map[string]any{"status": 200, "identity": map[string]any{"user": nil, "sourceIp": "::1"}, "dotted.name": "d"}}
	template, _ := CompileTemplates(map[string]string{"application/json": `#set($context.responseOverride.header.h = "v")#set($context.responseOverride.status = 404)`}).ForRequest("", "")
	if _, err := x.Render(template); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"status", "identity.user", "identity.sourceIp", "identity", "identity.sourceIp.x", "dotted.name", "responseOverride.header.h", "responseOverride.status", "responseOverride.header", "requestOverride.path.x"} {
		got[name] = x.Lookup(name)
	}
	want := map[string]string{"status": "200", "identity.user": "", "identity.sourceIp": "::1", "identity": "", "identity.sourceIp.x": "", "dotted.name": "d", "responseOverride.header.h": "v", "responseOverride.status": "404", "responseOverride.header": "", "requestOverride.path.x": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Bodies and paths are of strangers, as templates are.
func TestHostileBodiesAndPathsAreEnded(t *testing.T) {
	const deep = 400
	nested := strings.Repeat(`{"a":[`, deep/2) + strings.Repeat("]}", deep/2)
	for _, c := range []struct{ body, template, want string }{
		{strings.Repeat("[", 1<<20), "$input.json('$')", "the value is nested more than 500 levels deep, or has itself in it"},
		{"[" + strings.Repeat("0,", 3<<20) + "0]", "$input.json('$')", "the template makes values of more memory than there is for it"},
		{nested, "$input.json('$..*..*..*..*..*..*..*..*')", ""},
		{nested, "#foreach($i in [1..1000])#foreach($j in [1..1000])$input.json('$..a')#end#end", ""},
		{"[" + strings.Repeat("{},", 300) + "1]", "$input.json('$[*]" + strings.Repeat("[?($[*]", 5) + strings.Repeat(")]", 5) + "')", ""},
		{"[" + strings.Repeat("1,", 1000) + "1]", "$input.json('$" + strings.Repeat("[?($[*]", 60) + strings.Repeat(")]", 60) + "')", ""},
		{`{"a": {}}`, "#set($r = $input.path('$'))#set($r.a.r = $r)$input.json('$..b')", "the value is nested more than 500 levels deep, or has itself in it"},
		{"{}", "$input.json('$" + strings.Repeat(".a", 5000) + "')", ""},
		{"[" + strings.Repeat("1,", 100_000) + "1]", "#foreach($i in [1..1000])#foreach($j in [1..1000])$input.json('$[?(@.a)]')#end#end", "the template takes more steps than it may"},
		{"{}", "#foreach($i in [1..1000])#foreach($j in [1..1000])$input.json(\"$.a$i.$j[?(@ =~ /.{1000}/)]\")#end#end", ""},
		{`"` + strings.Repeat("'", 8<<20) + `"`, "$util.escapeJavaScript($util.escapeJavaScript($input.path('$')))", "the template makes values of more memory than there is for it"},
	} {
		x := &Exchange{Request: Request{Body: c.body}}
		template, _ := CompileTemplates(map[string]string{"application/json": c.template}).ForRequest("", "")
		if _, err := x.Render(template); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%.40s of %.40s: %v", c.template, c.body, err)
		}
	}
}

// A body of AWS's largest size, as clients send them, is not too much.
func TestLargeBodiesAreMapped(t *testing.T) {
	body := `{"items": [` + strings.Repeat(`{"id": 1234567, "name": "a name of some length", "text": "`+strings.Repeat("lorem ipsum ", 20)+`"},`, 10<<20/320) + `null]}`
	x := &Exchange{Request: Request{Body: body}}
	template, _ := CompileTemplates(map[string]string{"application/json": `$input.path('$.items').size() $input.json('$.items[0].id') $input.json('$').length()`}).ForRequest("", "")
	out, err := x.Render(template)
	if err != nil || !strings.HasPrefix(out, "32769 1234567 ") {
		t.Errorf("%d bytes give %q, %v", len(body), out, err)
	}
}

// R16: a preflight that a MOCK shall answer, in an API where every media type is binary.
func TestTemplatesAreNotRunOnBinaryData(t *testing.T) {
	template, err := CompileTemplates(map[string]string{"application/json": `{"statusCode": 200}`}).ForRequest("", "")
	if err != nil {
		t.Fatal(err)
	}
	x := &Exchange{Request: Request{Binary: true}}
	if _, err := x.Render(template); !errors.Is(err, ErrBinary) {
		t.Error(err)
	}
	x.Response = &Response{Body: "text"}
	if out, err := x.Render(template); out != `{"statusCode": 200}` || err != nil {
		t.Error(out, err)
	}
	x.Response.Binary = true
	if _, err := x.Render(template); !errors.Is(err, ErrBinary) {
		t.Error(err)
	}
}

func TestGatewayResponsesHaveVariablesOnly(t *testing.T) {
	x := &Exchange{
		Request: Request{Path: map[string]string{"id": "7"}, Query: map[string][]string{"q": {"1", "2"}}, Header: map[string][]string{"X-Token": {"t"}}},
		Context: map[string]any{"error": map[string]any{"messageString": `"no"`, "message": "no"}, "requestId": "r"}, StageVariables: map[string]string{"name": "blue"},
	}
	for template, want := range map[string]string{
		`{"message":$context.error.messageString}`:                                                                    `{"message":"no"}`,
		`$context.error.message. ${context.requestId}x $stageVariables.name`:                                          `no. rx blue`,
		`$method.request.path.id $method.request.querystring.q $method.request.header.x-token $method.request.body.a`: `7 2 t $method.request.body.a`,
		`[$context.nothing][$stageVariables.nothing][${context.error}]`:                                               `[][][]`,
		`$ $$ $x ${context.requestId $context. #if(true)$input.json('$')#end 5$`:                                      `$ $$ $x ${context.requestId $context. #if(true)$input.json('$')#end 5$`,
		``: ``,
	} {
		if got := x.Substitute(template); got != want {
			t.Errorf("%s is %s and not %s", template, got, want)
		}
	}
	p, err := CompileGatewayParameters(map[string]string{"gatewayresponse.header.Allow": "'*'", "gatewayresponse.header.Id": "context.requestId", "gatewayresponse.header.T": "method.request.header.x-token"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.Apply(x)
	if diff := cmp.Diff([]Parameter{{"header", "Allow", []string{"*"}}, {"header", "Id", []string{"r"}}, {"header", "T", []string{"t"}}}, all); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := CompileGatewayParameters(map[string]string{"gatewayresponse.header.a": "integration.response.header.a"}); err == nil {
		t.Error("a gateway response has what an integration answered")
	}
}

func TestMemoryIsAskedForBeforeItIsTaken(t *testing.T) {
	body := `{"list": [` + strings.Repeat("1,", 100_000) + `1]}`
	template, _ := CompileTemplates(map[string]string{"application/json": `$input.json('$')`}).ForRequest("", "")
	asked, most := 0, 100<<20
	full := errors.New("there is no more memory")
	x := &Exchange{Request: Request{Body: body}, Reserve: func(bytes int) error {
		if asked+bytes > most {
			return full
		}
		asked += bytes
		return nil
	}}
	if _, err := x.Render(template); err != nil || asked < 100_000*24+2*len(body) || asked > 100_000*60 {
		t.Errorf("%d bytes are asked for, %v", asked, err)
	}
	asked, most = 0, 1<<20
	if _, err := x.Render(template); err == nil || !strings.HasSuffix(err.Error(), full.Error()) {
		t.Errorf("%d bytes are asked for, %v", asked, err)
	}
	p, err := CompileRequestParameters(map[string]string{"integration.request.header.a": "method.request.body.list"})
	if err != nil {
		t.Fatal(err)
	}
	asked = 0
	if _, err = p.Apply(x); !errors.Is(err, full) {
		t.Errorf("%d bytes are asked for, %v", asked, err)
	}
}

func BenchmarkMock(b *testing.B) {
	template, _ := CompileTemplates(map[string]string{"application/json": `{"statusCode": 200}`}).ForRequest("", "")
	response := CompileTemplates(map[string]string{"application/json": `{"id": "$context.requestId", "name": $input.json('$.name'), "ip": "$context.identity.sourceIp"}`}).ForResponse("")
	b.ReportAllocs()
	for b.Loop() {
		x := &Exchange{Request: Request{Body: `{"name": "Rex"}`}, Context: map[string]any{"requestId": "r-1", "identity": map[string]any{"sourceIp": "127.0.0.1"}}}
		out, err := x.Render(template)
		if status, ok := MockStatus(out); !ok || status != 200 || err != nil {
			b.Fatal(out, err)
		}
		x.Response = &Response{Body: x.Request.Body}
		if _, err := x.Render(response); err != nil {
			b.Fatal(err)
		}
	}
}
