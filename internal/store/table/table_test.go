package table_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/store/table"
)

// A thing is what the tests keep. loud stands for what is compiled from text.
type thing struct {
	Name  string
	Count int `json:",omitempty"`
	loud  string
}

func (r *thing) String() string { return fmt.Sprint(r.Name, r.Count, r.loud) }

var (
	here  = access.Place{Account: "111111111111", Region: "eu-central-1"}
	there = access.Place{Account: "111111111111", Region: "us-east-1"}
)

func key(name string) table.Key { return table.Key{Place: here, Name: name} }

func newThing(name string, count int) *thing {
	return &thing{Name: name, Count: count, loud: strings.ToUpper(name)}
}

func options(s store.Store) table.Options[thing] {
	return table.Options[thing]{
		Store: s, Prefix: "test/thing/", Version: 2, Max: 1000,
		Complete: func(_ table.Key, r *thing) error {
			r.loud = strings.ToUpper(r.Name)
			return nil
		},
	}
}

func open(t *testing.T, opt table.Options[thing]) *table.Table[thing] {
	t.Helper()
	things, err := table.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return things
}

func put(t *testing.T, s store.Store, pairs ...string) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx store.Tx) error {
		for i := 0; i < len(pairs); i += 2 {
			if err := tx.Put([]byte(pairs[i]), []byte(pairs[i+1])); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func fill(t *testing.T, things *table.Table[thing], at access.Place, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := things.Create(t.Context(), table.Key{Place: at, Name: name}, newThing(name, 0)); err != nil {
			t.Fatal(err)
		}
	}
}

// shown prints what readers see, and raw what is in the store.
func shown(things *table.Table[thing]) string {
	var out strings.Builder
	for k, r := range things.Keyed() {
		fmt.Fprintln(&out, r)
		if things.Find(k) != r {
			fmt.Fprintln(&out, "which is not what is found at", k)
		}
	}
	return out.String()
}

func raw(t *testing.T, s store.Store) (out []string) {
	t.Helper()
	if err := s.View(t.Context(), func(tx store.Tx) error {
		for k, v := range tx.Scan(nil, nil) {
			out = append(out, string(k)+" = "+string(v))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func wantFault(t *testing.T, err error, kind fault.Kind, sentence string) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind || err.Error() != sentence {
		t.Errorf("error %v (kind %d), want %s (kind %d)", err, fault.KindOf(err), sentence, kind)
	}
}

func TestWhatIsWrongIsSaidInTheRoomsWords(t *testing.T) {
	s := mem.New()
	opt := options(s)
	opt.Max = 2
	things := open(t, opt)
	fill(t, things, here, "a", "b")
	ctx := t.Context()
	same := func(*thing) error { return nil }
	check := func(things *table.Table[thing], missing, exists, full string) {
		t.Helper()
		_, err := things.Get(key("x"))
		wantFault(t, err, fault.KindNotFound, missing)
		_, err = things.Change(ctx, key("x"), same)
		wantFault(t, err, fault.KindNotFound, missing)
		_, err = things.Delete(ctx, key("x"))
		wantFault(t, err, fault.KindNotFound, missing)
		wantFault(t, things.Create(ctx, key("a"), newThing("a", 1)), fault.KindConflict, exists)
		wantFault(t, things.Create(ctx, key("x"), newThing("x", 1)), fault.KindLimit, full)
	}
	check(things, "x does not exist.", "a already exists.", "The account has as many in this region as it may have, which is 2.")
	opt.Missing = func(name string) error { return fault.NotFound("No thing %s.", name) }
	opt.Exists = func(name string) error { return fault.Conflict("A thing %s.", name) }
	opt.Full = fault.Limit("Things enough.")
	check(open(t, opt), "No thing x.", "A thing a.", "Things enough.")

	// The quota is that of a place, a record that is replaced is no more, and one
	// that is gone makes room.
	fill(t, things, there, "a", "b")
	if _, err := things.Change(ctx, key("a"), same); err != nil {
		t.Error(err)
	}
	if _, err := things.Delete(ctx, key("b")); err != nil {
		t.Error(err)
	}
	fill(t, things, here, "c")
	if n := things.Count(here, ""); n != 2 {
		t.Errorf("%d records", n)
	}
	for _, k := range []table.Key{{Place: here}, {Name: "x"}, {Place: access.Place{Account: "a/b", Region: "c"}, Name: "x"}} {
		if err := things.Create(ctx, k, newThing("x", 0)); err == nil {
			t.Errorf("%+v is a key", k)
		}
	}
}

func TestListsAreSortedFilteredAndPaged(t *testing.T) {
	things := open(t, options(mem.New()))
	fill(t, things, here, "bus/b", "bus/a", "bus-2/a", "bus/c", "bus")
	fill(t, things, there, "bus/x")
	names := func(prefix string, keep func(*thing) bool, limit int) (out []string) {
		for token, more := "", true; more; more = token != "" {
			rows, next, err := things.List(here, prefix, keep, token, limit)
			if err != nil || len(rows) > limit && limit > 0 {
				t.Fatal(len(rows), err)
			}
			for _, r := range rows {
				out = append(out, r.Name)
			}
			token = next
		}
		return out
	}
	odd := func(r *thing) bool { return r.Name != "bus/b" }
	for _, c := range []struct {
		prefix string
		keep   func(*thing) bool
		want   []string
	}{
		{"", nil, []string{"bus", "bus-2/a", "bus/a", "bus/b", "bus/c"}},
		{"bus/", nil, []string{"bus/a", "bus/b", "bus/c"}},
		{"bus/", odd, []string{"bus/a", "bus/c"}},
		{"bus/b", odd, nil},
		{"c", nil, nil},
	} {
		for limit := range 4 {
			if diff := cmp.Diff(c.want, names(c.prefix, c.keep, limit)); diff != "" {
				t.Errorf("%q by %d (-want +got):\n%s", c.prefix, limit, diff)
			}
		}
		var each []string
		for r := range things.Each(here, c.prefix) {
			if c.keep == nil || c.keep(r) {
				each = append(each, r.Name)
			}
		}
		if diff := cmp.Diff(c.want, each); diff != "" || c.keep == nil && things.Count(here, c.prefix) != len(c.want) {
			t.Errorf("each of %q, which are %d (-want +got):\n%s", c.prefix, things.Count(here, c.prefix), diff)
		}
	}
	// A row that goes while somebody pages makes no other one skip, and the last
	// page has no token.
	_, token, _ := things.List(here, "bus/", nil, "", 1)
	_, _ = things.Delete(t.Context(), key("bus/a"))
	rows, token, err := things.List(here, "bus/", nil, token, 2)
	if err != nil || len(rows) != 2 || rows[0].Name != "bus/b" || token != "" {
		t.Errorf("%v, %q, %v", rows, token, err)
	}
	_, _, err = things.List(here, "", nil, "bad", 0)
	wantFault(t, err, fault.KindInvalid, "Parameter NextToken is not valid.")
}

func TestATransactionSeesWhatItChangesAndReadersAllOfItAtOnce(t *testing.T) {
	s := mem.New()
	things := open(t, options(s))
	fill(t, things, here, "a", "b")
	before := shown(things)
	refusal := errors.New("no")
	for _, result := range []error{refusal, nil} {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			w := things.In(tx)
			_, err1 := w.Delete(key("a"))
			err2 := w.Create(key("c"), newThing("c", 1))
			c, err3 := w.Change(key("c"), func(r *thing) error { r.Count++; return nil })
			if err := errors.Join(err1, err2, err3); err != nil || c.Count != 2 {
				t.Errorf("%v, %v", c, err)
			}
			if w.Find(key("a")) != nil || w.Find(key("c")) != c || w.Count(here, "") != 2 {
				t.Error("the transaction does not see what it did")
			}
			if _, err := w.Change(key("b"), func(r *thing) error { r.Count = 7; return refusal }); err != refusal {
				t.Errorf("Change = %v", err)
			}
			if got := shown(things); got != before {
				t.Errorf("readers see a change that is not made yet:\n%s", got)
			}
			return result
		})
		if err != result {
			t.Error(err)
		}
		if result != nil && shown(things) != before {
			t.Errorf("a transaction that failed left\n%s", shown(things))
		}
	}
	if got := shown(things); got != "b0B\nc2C\n" {
		t.Errorf("readers see\n%s", got)
	}
}

func TestRecordsHaveAVersionAndOlderOnesAreMigrated(t *testing.T) {
	s := mem.New()
	opt := options(s)
	opt.Migrate = func(version int, record []byte) ([]byte, error) {
		return fmt.Appendf(nil, `{"Name":"from %d: %s"}`, version, record), nil
	}
	before := []string{"test/thing/1/r/a = old", "test/thing/1/r/b/c = 1 older", `test/thing/1/r/d = 2 {"Name":"now"}`}
	for _, row := range before {
		k, v, _ := strings.Cut(row, " = ")
		put(t, s, k, v)
	}
	things := open(t, opt)
	if got := shown(things); got != "from 0: old0FROM 0: OLD\nfrom 1: older0FROM 1: OLDER\nnow0NOW\n" {
		t.Error(got)
	}
	if diff := cmp.Diff(before, raw(t, s)); diff != "" {
		t.Errorf("opening wrote (-want +got):\n%s", diff)
	}
	if _, err := things.Change(t.Context(), table.Key{Place: access.Place{Account: "1", Region: "r"}, Name: "b/c"}, func(r *thing) error { r.Name = "new"; return nil }); err != nil {
		t.Fatal(err)
	}
	before[1] = `test/thing/1/r/b/c = 2 {"Name":"new"}`
	if diff := cmp.Diff(before, raw(t, s)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOpenSaysWhatIsBroken(t *testing.T) {
	for row, want := range map[string]string{
		"test/thing/1/r/a = ":     "test/thing/1/r/a: unexpected end of JSON input",
		"test/thing/1/r/a = 2 {":  "test/thing/1/r/a: unexpected end of JSON input",
		"test/thing/1/r/a = 3 {}": "test/thing/1/r/a: the record has version 3 and this program knows versions up to 2; a later one wrote it",
		"test/thing/1/r/a = 1 {}": "test/thing/1/r/a: too old",
		"test/thing/1/r/ = 2 {}":  "test/thing/1/r/: this is not the key of a record: it needs an account, a region and a name",
		"test/thing/1/r = 2 {}":   "test/thing/1/r: this is not the key of a record: it needs an account, a region and a name",
		"test/thing/1//a = 2 {}":  "test/thing/1//a: this is not the key of a record: it needs an account, a region and a name",
		"test/thing/1/r/b = 2 {}": "test/thing/1/r/b: nameless",
	} {
		s := mem.New()
		k, v, _ := strings.Cut(row, " = ")
		put(t, s, k, v, "test/thinner", "another's", "test/thin", "another's")
		opt := options(s)
		opt.Migrate = func(int, []byte) ([]byte, error) { return nil, errors.New("too old") }
		if strings.HasSuffix(row, "= ") {
			opt.Migrate = nil
		}
		opt.Complete = func(table.Key, *thing) error { return errors.New("nameless") }
		if _, err := table.Open(t.Context(), opt); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", row, err, want)
		}
	}
	for _, spoil := range []func(o *table.Options[thing]){
		func(o *table.Options[thing]) { o.Store = nil }, func(o *table.Options[thing]) { o.Prefix = "test" },
		func(o *table.Options[thing]) { o.Version = 0 }, func(o *table.Options[thing]) { o.Max = 0 },
	} {
		opt := options(mem.New())
		spoil(&opt)
		if _, err := table.Open(t.Context(), opt); err == nil {
			t.Errorf("opened with %+v", opt)
		}
	}
}

func TestFindingARecordAllocatesNothing(t *testing.T) {
	things := open(t, options(mem.New()))
	fill(t, things, here, slices.Collect(func(yield func(string) bool) {
		for i := range 100 {
			yield(fmt.Sprint("name-", i))
		}
	})...)
	k := key("name-50")
	if n := testing.AllocsPerRun(100, func() {
		if things.Find(k) == nil {
			t.Error("it is not there")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
