package rest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func routes(t testing.TB, patterns ...string) *Routes {
	t.Helper()
	r := &Routes{}
	for _, p := range patterns {
		if err := r.Add(p, p); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// The order is Smithy's: https://smithy.io/2.0/spec/http-bindings.html#specificity-routing
func TestTheMostSpecificRouteIsFound(t *testing.T) {
	r := routes(t,
		"GET /abc/bcd/{x}", "GET /abc/{x}/cde", "GET /{x}/bcd/cde", "GET /{x}/bcd/cde?def=efg", "GET /abc/def", "GET /abc/{x}", "GET /abc/{x+}",
		"DELETE /abc/def", "POST /abc/{x}", "GET /", "GET /tags/{x+}", "GET /deep/{x+}/end", "GET /deep/{x+}", "PUT /api/{x}?mode", "PUT /api/{x}",
		"GET /a/{x}/{y}/z",
	)
	for request, want := range map[string]string{
		"GET /abc/bcd/cde":            "GET /abc/bcd/{x} x=cde",
		"GET /abc/bcd/cde?def=efg":    "GET /abc/bcd/{x} x=cde",
		"GET /abc/foo/cde":            "GET /abc/{x}/cde x=foo",
		"GET /abc/foo/cde?def=efg":    "GET /abc/{x}/cde x=foo",
		"GET /foo/bcd/cde":            "GET /{x}/bcd/cde x=foo",
		"GET /foo/bcd/cde?def=efg":    "GET /{x}/bcd/cde?def=efg x=foo",
		"GET /foo/bcd/cde?def=other":  "GET /{x}/bcd/cde x=foo",
		"GET /abc/def":                "GET /abc/def",
		"GET /abc/def/":               "GET /abc/def",
		"GET /abc/foo":                "GET /abc/{x} x=foo",
		"GET /abc/foo/bar":            "GET /abc/{x+} x=foo/bar",
		"GET /abc/foo%2Fbar":          "GET /abc/{x} x=foo/bar",
		"GET /abc/foo%2fb+r%20":       "GET /abc/{x} x=foo/b+r ",
		"POST /abc/def":               "POST /abc/{x} x=def",
		"DELETE /abc/foo":             "none, but GET POST",
		"DELETE /nothing":             "none",
		"GET /":                       "GET /",
		"GET":                         "GET /",
		"GET /abc":                    "none",
		"GET /abc//":                  "GET /abc/{x+} x=/",
		"GET /tags/":                  "none",
		"GET /tags/arn:aws:s3:::b/k/": "GET /tags/{x+} x=arn:aws:s3:::b/k/",
		"GET /tags/a%2Fb/%252F/..":    "GET /tags/{x+} x=a/b/%2F/..",
		"GET /tags//a":                "GET /tags/{x+} x=/a",
		"GET /deep/1/2/end":           "GET /deep/{x+}/end x=1/2",
		"GET /deep/end":               "GET /deep/{x+} x=end",
		"PUT /api/1?mode=overwrite":   "PUT /api/{x}?mode x=1",
		"PUT /api/1":                  "PUT /api/{x} x=1",
		"GET /a/1/2/y":                "none",
		"GET /a/1/2/z":                "GET /a/{x}/{y}/z x=1 y=2",
		"GET /nothing/" + strings.Repeat("a/", 20000): "none",
	} {
		method, path, _ := strings.Cut(request, " ")
		path, query, _ := strings.Cut(path, "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		m := r.Find(method, path, values)
		got := m.Operation
		if got == "" {
			got = "none"
			if len(m.Methods) > 0 {
				got += ", but " + strings.Join(m.Methods, " ")
			}
		}
		for _, label := range []string{"x", "y"} {
			if v, ok := m.Labels[label]; ok {
				got += " " + label + "=" + v
			}
		}
		if got != want {
			t.Errorf("%.60s: got %s, want %s", request, got, want)
		}
	}
}

func TestRoutesThatCannotBeToldApartAreErrors(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"GET /a/{x}", "GET /a/{y}", `the route "GET /a/{y}" is also that of GET /a/{x}`},
		{"GET /a/{x+}", "GET /a/{y+}", "is also that of"},
		{"GET /a/{x+}/b", "GET /a/{y+}/b", "is also that of"},
		{"GET /a?b=c", "GET /a/?b=c", "is also that of"},
		{"GET /a?b=c", "GET /a?b=d", ""},
		{"GET /a?b", "GET /a?b=d", ""},
		{"GET /a", "GET /a?b=c", ""},
		{"GET /a", "POST /a", ""},
		{"GET /{x}", "GET /{x+}", ""},
		{"GET /", "a", "must be a method and a path"},
		{"GET /", "GET a", "must be a method and a path"},
		{"GET /", "GET /a//b", "it has an empty segment"},
		{"GET /", "GET /{}", "it has an empty segment"},
		{"GET /", "GET /{+}", "it has an empty segment"},
		{"GET /", "GET /a{x}", `the segment "a{x}" is neither a label nor a word`},
		{"GET /", "GET /{x+}/{y}", "a greedy label must be the last label"},
		{"GET /", "GET /a?%zz", "invalid URL escape"},
	} {
		r := routes(t, c.first)
		err := r.Add(c.second, c.second)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s and %s: got %v, want %s", c.first, c.second, err, c.want)
		}
	}
}

// What a client puts into a label is what the operation gets, whatever it is.
func FuzzPath(f *testing.F) {
	f.Add("a/b", "x")
	f.Add("%2F/..//", "é ?#+")
	r := routes(f, "GET /one/{x}", "GET /all/{x+}", "GET /{x}/two/{y}/{z+}", "GET /all/{x+}/last")
	f.Fuzz(func(t *testing.T, path, value string) {
		r.Find("GET", path, nil) // whatever comes of it, no panic
		if value == "" {
			return
		}
		m := r.Find("GET", "/one/"+url.PathEscape(value), nil)
		if diff := cmp.Diff(map[string]string{"x": value}, m.Labels); diff != "" {
			t.Error(diff)
		}
		m = r.Find("GET", "/"+url.PathEscape(value)+"/two/"+url.PathEscape(value)+"/a/"+url.PathEscape(value), nil)
		want := map[string]string{"x": value, "y": value, "z": "a/" + value}
		if diff := cmp.Diff(want, m.Labels); diff != "" && value != "all" && value != "one" {
			t.Error(diff)
		}
	})
}
