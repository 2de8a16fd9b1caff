package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/watch"
)

func newForTest(t *testing.T, change func(*Options)) (*httptest.Server, *watch.Feed) {
	t.Helper()
	feed := watch.NewFeed(16)
	o := Options{
		Feed:    feed,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "dari_up 1\n") }),
		Dead: func(_ context.Context, _, after string) (iter.Seq2[any, error], error) {
			from, _ := strconv.Atoi(after)
			if from < 0 {
				return nil, errors.New("that is no ID")
			}
			return func(yield func(any, error) bool) {
				for i := from + 1; i < 200 && yield(map[string]int{"ID": i}, nil); i++ {
				}
			}, nil
		},
		PushedOut: func(string) uint64 { return 7 },
		Allow:     func(*http.Request) (string, error) { return "210987654321", nil },
		Sandbox:   func() string { return "namespaces" },
		Host:      "events.example.org:4566", Region: "eu-central-1", Account: "210987654321",
	}
	if change != nil {
		change(&o)
	}
	s := httptest.NewServer(New(o))
	t.Cleanup(s.Close)
	t.Cleanup(feed.Close)
	return s, feed
}

// attack F7: what the server holds for those who are shown events has a bound.
func TestThereIsMemoryForSomeReadersOnly(t *testing.T) {
	var memory *budget.Share
	s, _ := newForTest(t, func(o *Options) {
		memory = budget.New(11<<20, []budget.Part{{Name: "a", Percent: 100}}).Share("a")
		o.Memory = memory
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/_dari/tail", nil)
	if err != nil {
		t.Fatal(err)
	}
	tail, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer tail.Body.Close()
	if status, body := get(t, s.URL+"/_dari/tail"); status != 503 || !strings.Contains(body, "try again later") {
		t.Errorf("a second tail: %d %s", status, body)
	}
	if status, body := get(t, s.URL+"/_dari/dead"); status != 200 {
		t.Errorf("dead deliveries beside a tail: %d %s", status, body)
	}
	if memory.Used() != watch.ReaderMemory {
		t.Errorf("%d bytes are in use", memory.Used())
	}
}

func get(t *testing.T, url string, header ...string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestEachPathAnswers(t *testing.T) {
	s, _ := newForTest(t, nil)
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/_dari/health", 200, `{"status":"ok","sandbox":"namespaces"}`},
		{"/_dari/metrics", 200, "dari_up 1"},
		{"/_dari/dead", 200, "{\"ID\":100}\n],\"pushed_out\":7,\"more\":true}\n"},
		{"/_dari/dead?limit=2&after=197", 200, "{\"dead\":[{\"ID\":198}\n,{\"ID\":199}\n],\"pushed_out\":7}\n"},
		{"/_dari/dead?after=199", 200, "{\"dead\":[],\"pushed_out\":7}\n"},
		{"/_dari/dead?after=-1", 400, "after: that is no ID"},
		{"/_dari/dead?limit=none", 400, `limit \"none\" is not a number from 1 to 10000`},
		{"/_dari/console/", 200, "AWS_ENDPOINT_URL=http://events.example.org:4566 AWS_DEFAULT_REGION=eu-central-1"},
		{"/_dari", 302, "/_dari/console/"},
		{"/_dari/nothing", 404, "there is no GET /_dari/nothing"},
	} {
		t.Run(c.path, func(t *testing.T) {
			status, body := get(t, s.URL+c.path)
			if status != c.status || !strings.Contains(body, c.want) {
				t.Errorf("got %d %s\nwant %d %s", status, body, c.status, c.want)
			}
		})
	}
}

// attack F7: a list of dead deliveries was put together in memory, and had no
// bound in bytes.
func TestAListOfDeadDeliveriesIsWrittenOneByOneAndEnds(t *testing.T) {
	big, made := strings.Repeat("x", 1<<20), 0
	s, _ := newForTest(t, func(o *Options) {
		o.Dead = func(context.Context, string, string) (iter.Seq2[any, error], error) {
			return func(yield func(any, error) bool) {
				for made < 10_000 && yield(big, nil) {
					made++
				}
			}, nil
		}
	})
	status, body := get(t, s.URL+"/_dari/dead?limit=10000")
	if status != 200 || made > 17 || len(body) > 18<<20 || !strings.HasSuffix(body, `,"more":true}`+"\n") {
		t.Errorf("%d, with %d bytes of %d deliveries", status, len(body), made)
	}
}

func TestAListThatBreaksOffDoesNotLookWhole(t *testing.T) {
	s, _ := newForTest(t, func(o *Options) {
		o.Dead = func(context.Context, string, string) (iter.Seq2[any, error], error) {
			return func(yield func(any, error) bool) {
				if yield(1, nil) {
					yield(nil, errors.New("the disk is gone"))
				}
			}, nil
		}
	})
	resp, err := http.Get(s.URL + "/_dari/dead")
	if err == nil {
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
	}
	if err == nil {
		t.Error("the answer ends as if it were whole")
	}
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	s, _ := newForTest(t, nil)
	_, body := get(t, s.URL+"/_dari/console/")
	for _, bad := range []string{"src=", "@import", "//cdn", "https://"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

func TestEventsAreShownOnlyToThoseWhoMayCall(t *testing.T) {
	s, _ := newForTest(t, func(o *Options) {
		o.Allow = func(*http.Request) (string, error) { return "", errors.New("Missing Authentication Token") }
	})
	for path, want := range map[string]int{"/_dari/tail": 403, "/_dari/dead": 403, "/_dari/metrics": 403, "/_dari/health": 200} {
		if status, body := get(t, s.URL+path); status != want {
			t.Errorf("%s: %d %s, want %d", path, status, body, want)
		}
	}
}

func TestOnlyABrowserAtTheRootIsABrowser(t *testing.T) {
	for _, c := range []struct {
		method, url, accept, auth string
		want                      bool
	}{
		{"GET", "/", "text/html,*/*", "", true},
		{"GET", "/?Action=ListQueues", "text/html", "", false},
		{"GET", "/000000000000/q", "text/html", "", false},
		{"POST", "/", "text/html", "", false},
		{"GET", "/", "application/json", "", false},
		{"GET", "/", "text/html", "AWS4-HMAC-SHA256 …", false},
	} {
		r := httptest.NewRequest(c.method, c.url, nil)
		r.Header.Set("Accept", c.accept)
		if c.auth != "" {
			r.Header.Set("Authorization", c.auth)
		}
		if got := IsBrowser(r); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

func TestTheTailShowsWhatItIsAskedFor(t *testing.T) {
	s, feed := newForTest(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/_dari/tail?rule=orders", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	// The answer's header is sent after the subscription, so nothing is missed.
	const bus = "arn:aws:events:eu-central-1:210987654321:event-bus/default"
	const rule = "arn:aws:events:eu-central-1:210987654321:rule/"
	hooks := feed.Hooks()
	ev := &event.Event{ID: "e1", Source: "shop", JSON: []byte(`{}`)}
	hooks.Accepted(&watch.Accepted{Event: ev, Bus: bus})
	hooks.Matched(&watch.Matched{Event: ev, Bus: bus, Rules: []string{rule + "others"}})
	hooks.Matched(&watch.Matched{Event: ev, Bus: bus, Rules: []string{rule + "orders", rule + "others"}})
	hooks.Settled(&watch.Settlement{Route: watch.Route{EventID: "e1", Owner: rule + "others"}, Outcome: watch.Delivered})
	hooks.Settled(&watch.Settlement{Route: watch.Route{EventID: "e1", Owner: rule + "orders"}, Outcome: watch.Dead, Code: "NO_RESOURCE"})
	feed.Close()

	var got []string
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		var r watch.Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		got = append(got, strings.TrimSpace(r.Kind+" "+string(r.Outcome)+" "+r.Code))
	}
	if want := "matched,settled dead NO_RESOURCE"; strings.Join(got, ",") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
