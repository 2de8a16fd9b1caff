package wire

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/wire/awsjson"
	"github.com/dari-bus/dari/internal/wire/shape"
)

type putTargetsInput struct {
	Rule    *string
	Targets []target
	Method  *string
	Rate    *int
	Share   *float64
	Ids     []string
	Paths   map[string]string
	Parts   map[string]target
	Body    []byte
	Login   *login
	When    *Time
}

type target struct {
	Id     *string
	Arn    *string
	Nested *target
}

type login struct {
	User, Password *string
}

var putTargetsLimits = Limits{
	"putTargetsInput.Rule":    {Required: true, Min: 1, Max: 64, Pattern: `[\.\-_A-Za-z0-9]+`},
	"putTargetsInput.Targets": {Required: true, Min: 1, Max: 3},
	"putTargetsInput.Method":  {Enum: []string{"HEAD", "POST", "PATCH"}},
	"putTargetsInput.Rate":    {Min: 1, Max: 185},
	"putTargetsInput.Share":   {HasMin: true, Max: 1},
	"putTargetsInput.Ids":     {Min: 1, Each: &Limit{Min: 1, Max: 4, Pattern: `[a-z]+`}},
	"putTargetsInput.Paths":   {Max: 2, Keys: &Limit{Max: 3}, Each: &Limit{Max: 5}},
	"putTargetsInput.Body":    {Max: 3},
	"putTargetsInput.When":    {Required: true},
	"target.Id":               {Required: true, Min: 1, Max: 5, Pattern: `[\.\-_A-Za-z0-9]+`},
	"login.Password":          {Min: 1, Max: 5, Secret: true},
}

func putTargets(context.Context, *putTargetsInput) (*None, error) { return nil, nil }

func compileService(t testing.TB, s *Service) *service {
	t.Helper()
	c, err := compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// attack F5: what is far too much is answered with the first failures, and the
// list's own is among them although not all of it was read.
func TestAnswersToFarTooMuchAreShort(t *testing.T) {
	s := compileService(t, &Service{
		Name: "events", Protocols: []Protocol{JSON11}, Limits: putTargetsLimits,
		Operations: []Operation{Op("PutTargets", putTargets)},
	}).operations["PutTargets"].in
	for body, want := range map[string]string{
		`{"Targets":[{}` + strings.Repeat(`,{}`, 1<<20) + `]}`:     "50 validation errors detected: ",
		`{"Ids":["a"` + strings.Repeat(`,"a"`, 1<<20) + `]}`:       "The request has more elements in its lists and maps than dari reads; send them in several requests.",
		`{"Rate":` + strings.Repeat("9", 1<<20) + `}`:              "Rate: expected an integer of 64 bits, found the number 999",
		`{"Paths":{"` + strings.Repeat("k", 1<<20) + `":7}}`:       "Paths.kkk",
		`{"Parts":{"` + strings.Repeat("k", 1<<20) + `":{}}}`:      "4 validation errors detected: ",
		`{"Rule":"` + strings.Repeat("#", 1<<20) + `","When":1}`:   "3 validation errors detected: ",
		`{"Targets":[{},{},{}` + strings.Repeat(`,{}`, 100) + `]}`: "50 validation errors detected: ",
	} {
		in := reflect.New(reflect.TypeFor[putTargetsInput]())
		err := awsjson.Read([]byte(body), s, in.Elem())
		if err == nil || err == shape.ErrTooManyParts && !strings.HasPrefix(want, "The request") {
			err = shape.Check(s, in.Elem())
		}
		e, ok := err.(*Error)
		if !ok {
			t.Errorf("%.40s…: %v", body, err)
			continue
		}
		if !strings.Contains(e.Message, want) || len(e.Message) > 80<<10 {
			t.Errorf("%.40s…: %d bytes, %.300s", body, len(e.Message), e.Message)
		}
	}
}

func TestFailuresAreGatheredInAWSsWords(t *testing.T) {
	s := compileService(t, &Service{
		Name: "events", Protocols: []Protocol{JSON11}, Limits: putTargetsLimits,
		Operations: []Operation{Op("PutTargets", putTargets)},
	}).operations["PutTargets"].in

	const (
		rule  = `Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`
		ids   = `Member must satisfy constraint: [Member must have length less than or equal to 4, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [a-z]+]`
		about = " failed to satisfy constraint: "
	)
	good := func() putTargetsInput {
		return putTargetsInput{Rule: ptr("r"), Targets: []target{{Id: ptr("a")}}, When: ptr(At(time.Unix(0, 0)))}
	}
	for _, c := range []struct {
		name string
		set  func(in *putTargetsInput)
		want []string
	}{
		{"good", func(in *putTargetsInput) {}, nil},
		{"all that is required is absent", func(in *putTargetsInput) { *in = putTargetsInput{} }, []string{
			"Value null at 'rule'" + about + "Member must not be null",
			"Value null at 'targets'" + about + "Member must not be null",
			"Value null at 'when'" + about + "Member must not be null",
		}},
		{"a form is wrong before a length", func(in *putTargetsInput) {
			in.Rule = ptr(strings.Repeat("ü", 65))
			in.Method = ptr("FETCH")
		}, []string{
			"Value '" + strings.Repeat("ü", 65) + "' at 'rule'" + about + rule,
			"Value '" + strings.Repeat("ü", 65) + "' at 'rule'" + about + "Member must have length less than or equal to 64",
			"Value 'FETCH' at 'method'" + about + "Member must satisfy enum value set: [HEAD, POST, PATCH]",
		}},
		{"empty", func(in *putTargetsInput) { in.Rule, in.Targets, in.Ids = ptr(""), []target{}, []string{} }, []string{
			"Value '' at 'rule'" + about + rule,
			"Value '' at 'rule'" + about + "Member must have length greater than or equal to 1",
			"Value '[]' at 'targets'" + about + "Member must have length greater than or equal to 1",
			"Value '[]' at 'ids'" + about + "Member must have length greater than or equal to 1",
		}},
		{"inside a list", func(in *putTargetsInput) {
			in.Targets = []target{{Id: ptr("ok")}, {Id: ptr("not ok")}, {}}
		}, []string{
			"Value 'not ok' at 'targets.2.member.id'" + about + rule,
			"Value 'not ok' at 'targets.2.member.id'" + about + "Member must have length less than or equal to 5",
			"Value null at 'targets.3.member.id'" + about + "Member must not be null",
		}},
		{"inside a recursive structure and a map", func(in *putTargetsInput) {
			in.Targets[0].Nested = &target{Id: ptr("a"), Nested: &target{Id: ptr("#")}}
			in.Parts = map[string]target{"k": {Id: ptr("#")}}
		}, []string{
			"Value '#' at 'targets.1.member.nested.nested.id'" + about + rule,
			"Value '#' at 'parts.k.member.id'" + about + rule,
		}},
		{"a list too long is printed as Java does", func(in *putTargetsInput) {
			in.Targets = []target{{Id: ptr("a"), Arn: ptr("x")}, {Id: ptr("b"), Nested: &target{Id: ptr("c")}}, {Id: ptr("d")}, {Id: ptr("e")}}
		}, []string{
			"Value '[target(id=a, arn=x, nested=null), target(id=b, arn=null, nested=target(id=c, arn=null, nested=null)), " +
				"target(id=d, arn=null, nested=null), target(id=e, arn=null, nested=null)]' at 'targets'" + about + "Member must have length less than or equal to 3",
		}},
		{"numbers", func(in *putTargetsInput) { in.Rate, in.Share = ptr(0), ptr(-0.5) }, []string{
			"Value '0' at 'rate'" + about + "Member must have value greater than or equal to 1",
			"Value '-0.5' at 'share'" + about + "Member must have value greater than or equal to 0",
		}},
		{"numbers too large", func(in *putTargetsInput) { in.Rate, in.Share = ptr(186), ptr(1.5) }, []string{
			"Value '186' at 'rate'" + about + "Member must have value less than or equal to 185",
			"Value '1.5' at 'share'" + about + "Member must have value less than or equal to 1",
		}},
		{"elements, values and keys", func(in *putTargetsInput) {
			in.Ids = []string{"ok", "TOO LONG"}
			in.Paths = map[string]string{"long": "v", "k": "longer", "z": ""}
		}, []string{
			"Value '[ok, TOO LONG]' at 'ids'" + about + ids,
			"Value '{k=longer, long=v, z=}' at 'paths'" + about + "Member must have length less than or equal to 2",
			"Value '{k=longer, long=v, z=}' at 'paths'" + about + "Map value must satisfy constraint: [Member must have length less than or equal to 5]",
			"Value '{k=longer, long=v, z=}' at 'paths'" + about + "Map keys must satisfy constraint: [Member must have length less than or equal to 3]",
		}},
		{"bytes", func(in *putTargetsInput) { in.Body = []byte("abcd") }, []string{
			"Value 'java.nio.HeapByteBuffer[pos=0 lim=4 cap=4]' at 'body'" + about + "Member must have length less than or equal to 3",
		}},
		{"secrets stay secret", func(in *putTargetsInput) { in.Login = &login{User: ptr("u"), Password: ptr("hunter2")} }, []string{
			"Value '***' at 'login.password'" + about + "Member must have length less than or equal to 5",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := good()
			c.set(&in)
			err := shape.Check(s, reflect.ValueOf(&in).Elem())
			want := "<nil>"
			if len(c.want) == 1 {
				want = "ValidationException: 1 validation error detected: " + c.want[0]
			} else if len(c.want) > 1 {
				want = "ValidationException: " + string(rune('0'+len(c.want))) + " validation errors detected: " + strings.Join(c.want, "; ")
			}
			if got := errText(err); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return "<nil>"
	}
	return err.Error()
}

func TestLongValuesAreCutInErrors(t *testing.T) {
	long := putTargetsInput{Rule: ptr(strings.Repeat("é", 1<<20))}
	s := compileService(t, &Service{
		Name: "events", Protocols: []Protocol{JSON11}, Limits: Limits{"putTargetsInput.Rule": {Max: 1}},
		Operations: []Operation{Op("PutTargets", putTargets)},
	}).operations["PutTargets"].in
	err := shape.Check(s, reflect.ValueOf(&long).Elem())
	want := "é…' at 'rule' failed to satisfy constraint: Member must have length less than or equal to 1"
	if got := errText(err); !strings.HasSuffix(got, want) || len(got) > 9<<10 {
		t.Errorf("got %d bytes that end with %q", len(got), got[len(got)-100:])
	}
}

// A mistake in a table stops the server from starting, with a sentence that
// names it.
func TestMistakesInATableAreErrors(t *testing.T) {
	type in struct{ Name string }
	type twice struct {
		A *string
		B *string `json:"A"`
	}
	row := func(context.Context, *in) (*None, error) { return nil, nil }
	for _, c := range []struct {
		name    string
		service Service
		want    string
	}{
		{"misspelt limit", Service{Limits: Limits{"target.Id": {Min: 1}, "target.Idd": {Min: 1}, "typo.Id": {}}, Operations: []Operation{Op("P", putTargets)}},
			"limits name members that no input has: target.Idd, typo.Id"},
		{"operation twice", Service{Operations: []Operation{Op("P", putTargets), Refuse("P", "no")}}, "operation P stands twice in the table"},
		{"neither offered nor refused", Service{Operations: []Operation{{Name: "P"}}}, "operation P: it is neither offered nor refused"},
		{"required and never null", Service{Limits: Limits{"in.Name": {Required: true}}, Operations: []Operation{Op("P", row)}},
			"in.Name: a required member must be a pointer, or null cannot be told from zero"},
		{"pattern", Service{Limits: Limits{"target.Id": {Pattern: "("}}, Operations: []Operation{Op("P", putTargets)}}, "give Expr in Go's syntax"},
		{"pattern of a number", Service{Limits: Limits{"putTargetsInput.Rate": {Pattern: "a"}}, Operations: []Operation{Op("P", putTargets)}}, "only strings have patterns and enums"},
		{"length of a structure", Service{Limits: Limits{"putTargetsInput.Login": {Max: 1}}, Operations: []Operation{Op("P", putTargets)}}, "have a minimum and a maximum"},
		{"each of structures", Service{Limits: Limits{"putTargetsInput.Targets": {Each: &Limit{}}}, Operations: []Operation{Op("P", putTargets)}}, "limits on each element"},
		{"each of a string", Service{Limits: Limits{"target.Id": {Each: &Limit{}}}, Operations: []Operation{Op("P", putTargets)}}, "limits on each element"},
		{"keys of a list", Service{Limits: Limits{"putTargetsInput.Ids": {Keys: &Limit{}}}, Operations: []Operation{Op("P", putTargets)}}, "only maps have limits on keys"},
		{"each pattern", Service{Limits: Limits{"putTargetsInput.Ids": {Each: &Limit{Pattern: "("}}}, Operations: []Operation{Op("P", putTargets)}}, "each: pattern: "},
		{"two members of one name", Service{Operations: []Operation{Op("P", func(context.Context, *twice) (*None, error) { return nil, nil })}}, `the name "A" is taken`},
		{"a type the wire cannot carry", Service{Operations: []Operation{Op("P", func(context.Context, *struct{ C chan int }) (*None, error) { return nil, nil })}}, "chan int: the wire carries"},
		{"a time that is not ours", Service{Operations: []Operation{Op("P", func(context.Context, *struct{ T time.Time }) (*None, error) { return nil, nil })}}, "is a wire.Time"},
		{"a map with numbers for keys", Service{Operations: []Operation{Op("P", func(context.Context, *struct{ M map[int]string }) (*None, error) { return nil, nil })}}, "has strings for keys"},
		{"a json option", Service{Operations: []Operation{Op("P", func(context.Context, *struct {
			A *int `json:",string"`
		}) (*None, error) {
			return nil, nil
		})}}, `the json option "string" is not understood`},
		{"a query option", Service{Operations: []Operation{Op("P", func(context.Context, *struct {
			A []string `query:"A,flatt"`
		}) (*None, error) {
			return nil, nil
		})}}, `the query option "flatt" is not understood`},
		{"an input that is no struct", Service{Operations: []Operation{Op("P", func(context.Context, *string) (*None, error) { return nil, nil })}}, "inputs and outputs are structs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.service.Name, c.service.Protocols = "events", []Protocol{JSON11}
			_, err := NewHandler(Options{Services: []*Service{&c.service}})
			if got := errText(err); !strings.HasPrefix(got, "service events: ") || !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	for _, o := range []Options{{Region: "Mars/1"}, {Account: "12"}, {Services: []*Service{{}}}} {
		if _, err := NewHandler(o); err == nil {
			t.Errorf("%+v: want an error", o)
		}
	}
}

func TestAllMistakesInATableAreReportedAtOnce(t *testing.T) {
	_, err := NewHandler(Options{Region: "?", Services: []*Service{
		{Name: "a", Protocols: []Protocol{JSON11}, Operations: []Operation{{Name: "P"}, {Name: "Q"}}},
		{Name: "b", Protocols: []Protocol{JSON11}, Limits: Limits{"x.Y": {}}},
	}})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 3 || !strings.Contains(err.Error(), "Q") {
		t.Errorf("got %v", err)
	}
}
