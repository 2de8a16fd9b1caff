package url

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
)

// A house has every function whose name does not begin with "no".
type house struct{ parts []catalog.Part }

func (h *house) Has(_ store.Tx, a catalog.Address) bool    { return !strings.HasPrefix(a.Name, "no") }
func (h *house) Attach(p catalog.Part)                     { h.parts = append(h.parts, p) }
func (h *house) PolicyOf(catalog.Address) *policy.Document { return nil }

func (h *house) Find(a catalog.Address) (catalog.Found, error) {
	if !h.Has(nil, a) {
		return catalog.Found{}, errors.New("not found")
	}
	return catalog.Found{}, nil
}

func (h *house) Call(context.Context, catalog.Address, runtime.Invocation) (runner.Answer, error) {
	return runner.Answer{}, nil
}

func (h *house) Begin(context.Context, catalog.Address, runtime.Invocation) (*runner.Stream, error) {
	return nil, nil
}

const mine = "210987654321"

func open(t *testing.T, s store.Store, h *house) *Service {
	t.Helper()
	urls, err := Open(t.Context(), Options{
		Store: s, Guard: access.Boundary{}, Functions: h, Configured: func(account string) bool { return account == mine },
	})
	if err != nil {
		t.Fatal(err)
	}
	return urls
}

func at(account, name, qualifier string) (access.Caller, catalog.Address) {
	by := access.Root(account, "eu-central-1")
	return by, catalog.Address{Place: by.Place, Name: name, Qualifier: qualifier}
}

// create makes the URL of a function, which pages of an origin of a length may call. The
// door lets nobody say one that is as long as some here.
func create(t *testing.T, s *Service, account, name, qualifier string, length int) (*URL, error) {
	by, a := at(account, name, qualifier)
	auth := authNone
	return s.Create(t.Context(), by, a, Change{Auth: &auth, CORS: &CORS{Origins: []string{strings.Repeat("x", length)}}})
}

func TestURLsHaveABoundInBytes(t *testing.T) {
	s := open(t, mem.New(), &house{})
	for _, account := range []string{mine, "000000000001"} {
		if _, err := create(t, s, account, "f", "", maxBytes-4<<10); err != nil {
			t.Fatal(err)
		}
	}
	_, err := create(t, s, mine, "g", "", 4<<10)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.KindLimit || f.Code != "LimitExceededException" || !strings.Contains(f.Message, "16 MiB") {
		t.Errorf("an account: %v", err)
	}
	if _, err := create(t, s, "000000000002", "g", "", 4<<10); fault.KindOf(err) != fault.KindLimit || !strings.Contains(err.Error(), "-keys") {
		t.Errorf("an account that was made up: %v, want a limit that says what to do", err)
	}
	by, a := at(mine, "f", "")
	if err := s.Delete(t.Context(), by, a); err != nil {
		t.Fatal(err)
	}
	if _, err := create(t, s, mine, "g", "", 4<<10); err != nil {
		t.Errorf("in the place of one that was deleted: %v", err)
	}
}

func TestWhatThereIsOfURLsIsSaid(t *testing.T) {
	s := open(t, mem.New(), &house{})
	if _, err := create(t, s, mine, "f", "", 1); err != nil {
		t.Fatal(err)
	}
	by, there := at(mine, "f", "")
	stranger, _ := at("000000000001", "f", "")
	_, none := at(mine, "g", "")
	_, noFunction := at(mine, "none", "")
	auth := authIAM
	get := func(by access.Caller, a catalog.Address) error { _, err := s.Get(by, a); return err }
	update := func(by access.Caller, a catalog.Address) error {
		_, err := s.Update(t.Context(), by, a, Change{Auth: &auth})
		return err
	}
	list := func(by access.Caller, a catalog.Address) error { _, err := s.List(by, a); return err }
	made := func(name string) error { _, err := create(t, s, mine, name, "", 0); return err }
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"made twice":             {made("f"), fault.KindConflict},
		"made of no function":    {made("none"), fault.KindNotFound},
		"read":                   {get(by, there), 0},
		"read, and not there":    {get(by, none), fault.KindNotFound},
		"read by a stranger":     {get(stranger, there), fault.KindDenied},
		"changed":                {update(by, there), 0},
		"changed, and not there": {update(by, none), fault.KindNotFound},
		"changed of no function": {update(by, noFunction), fault.KindNotFound},
		"changed by a stranger":  {update(stranger, there), fault.KindDenied},
		"listed":                 {list(by, none), 0},
		"listed of no function":  {list(by, noFunction), fault.KindNotFound},
		"listed by a stranger":   {list(stranger, there), fault.KindDenied},
		"deleted, and not there": {s.Delete(t.Context(), by, none), fault.KindNotFound},
		"deleted by a stranger":  {s.Delete(t.Context(), stranger, there), fault.KindDenied},
		"found under no such label": {func() error {
			u, _ := s.find(by.Region, "none")
			return map[bool]error{false: errors.New("found")}[u == nil]
		}(), 0},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("%s: %v (%v), want %v", name, c.err, got, c.want)
		}
	}
	if u, _ := s.Get(by, there); u == nil || u.Auth != authIAM || u.CORS == nil {
		t.Errorf("after the change it is %+v", u)
	}
}

func TestURLsGoWithTheirFunction(t *testing.T) {
	h, kept := &house{}, mem.New()
	s := open(t, kept, h)
	var all []*URL
	for _, qualifier := range []string{"", "live", "test"} {
		u, err := create(t, s, mine, "f", qualifier, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	other, err := create(t, s, mine, "f2", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	drop := func(qualifier string) {
		t.Helper()
		_, a := at(mine, "f", qualifier)
		if err := kept.Update(t.Context(), func(tx store.Tx) error { return h.parts[0](tx, a) }); err != nil {
			t.Fatal(err)
		}
	}
	there := func(u *URL) bool { found, _ := s.find("eu-central-1", u.ID); return found != nil }
	drop("live")
	if !there(all[0]) || there(all[1]) || !there(all[2]) {
		t.Error("an alias takes its own URL with it, and no other")
	}
	drop("")
	if there(all[0]) || there(all[2]) || !there(other) {
		t.Error("a function takes all its URLs with it, and no other's")
	}
	if again := open(t, kept, &house{}); again.owners.Count(access.Place{Account: "all", Region: "eu-central-1"}, "") != 1 {
		t.Error("owners are left")
	}
}
