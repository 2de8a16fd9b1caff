package door

import (
	"net/http"
	"strings"
	"testing"
)

var acts = Need{Methods: []string{"GET", "POST"}, Acts: true}

func TestNamesThatStrangersCannotHaveAreKnown(t *testing.T) {
	g, err := New(Options{Host: "Bus.example.com:443"})
	if err != nil {
		t.Fatal(err)
	}
	for host, strange := range map[string]bool{
		"localhost": false, "LOCALHOST:4566": false, "a.b.localhost:80": false, "dari:4566": false, "": false,
		"127.0.0.1": false, "10.0.0.7:4566": false, "[::1]": false, "[fe80::1%25eth0]:4566": false,
		"bus.example.com": false, "BUS.example.com:8443": false,
		"evil.example": true, "evil.example.": true, "evil.example:4566": true, "localhost.evil.example": true,
		"notlocalhost.": true, "127.0.0.1.evil.example": true, "[::1].evil.example": true,
		"localhost:1.evil.example": true, "xbus.example.com": true, "evil.localhost.example": true,
	} {
		if got := g.strange(host); got != strange {
			t.Errorf("%q: %t, want %t", host, got, strange)
		}
	}
}

func TestWithKeysTheNameDoesNotMatter(t *testing.T) {
	g, err := New(Options{Keyed: true})
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: "GET", Host: "evil.example", Header: http.Header{"Sec-Fetch-Site": {"none"}}}
	if no := g.Check(r, acts); no != nil {
		t.Errorf("refused: %s", no.Message)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if g.Check(r, acts) == nil {
		t.Error("a page of another origin got through")
	}
}

// attack F3: a link that a person opens leads on by a redirect, and the browser
// goes on saying that nobody's page is behind it; or it has a password in it.
func TestALinkThatLedOnToUsHasNoEffect(t *testing.T) {
	g, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"none"}},
		{"Accept-Language": {"en"}, "Authorization": {"Basic YTpi"}},
	} {
		r := &http.Request{Method: "GET", Host: "localhost:4566", Header: header}
		if g.Check(r, acts) == nil {
			t.Errorf("%v has an effect", header)
		}
		if no := g.Check(r, Need{Methods: []string{"GET"}}); no != nil {
			t.Errorf("%v may not read: %s", header, no.Message)
		}
	}
}

func TestOriginsAreJustThat(t *testing.T) {
	for _, origin := range []string{"example.com", "*", "https://", "https://example.com/", "https://example.com/x", "https://u@example.com", "://x"} {
		if _, err := New(Options{Origins: []string{origin}}); err == nil {
			t.Errorf("%q is taken", origin)
		}
	}
}

// Whatever stands before the name of somebody else, and whatever else a browser
// says, what he has it send is refused.
func FuzzGuard(f *testing.F) {
	f.Add("localhost", "", "http://localhost", "", "curl")
	f.Add("[::1]", ":4566", "https", "http://localhost:4566/", "Mozilla/5.0")
	f.Add("localhost:1", ":", "", "//", "")
	f.Add("127.0.0.1%2f@", "", "null", "", "")
	g, err := New(Options{Host: "bus.example.com", Origins: []string{"https://console.example.com"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before, after, origin, referer, agent string) {
		r := &http.Request{Method: "GET", Host: before + ".evil.example" + after, Header: http.Header{}}
		r.Header.Set("Accept-Language", "en")
		r.Header.Set("User-Agent", agent)
		if strings.Trim(after, ":0123456789") == "" && g.Check(r, acts) == nil {
			t.Errorf("the host %q passes", r.Host)
		}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if referer != "" {
			r.Header.Set("Referer", referer)
		}
		g.Check(r, acts) // whatever comes of it, no panic

		r.Host = "localhost:4566"
		r.Header.Set("Origin", origin+"."+"evil.example")
		if g.Check(r, acts) == nil {
			t.Errorf("the origin %q passes", r.Header.Get("Origin"))
		}
		r.Header.Del("Origin")
		r.Header.Set("Referer", "http://"+before+".evil.example/"+referer)
		if !strings.Contains(before, "/") && !strings.ContainsAny(before, "?#") && g.Check(r, acts) == nil {
			t.Errorf("the page %q passes", r.Header.Get("Referer"))
		}
	})
}
