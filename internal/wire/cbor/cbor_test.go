package cbor

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	fxamacker "github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dari-bus/dari/internal/wire/shape"
)

func ptr[T any](v T) *T { return &v }

type scalars struct {
	Byte   *int8                   `json:"byteValue"`
	Double *float64                `json:"doubleValue"`
	False  *bool                   `json:"falseBooleanValue"`
	Float  *float32                `json:"floatValue"`
	Int    *int32                  `json:"integerValue"`
	Long   *int64                  `json:"longValue"`
	Short  *int16                  `json:"shortValue"`
	Text   *string                 `json:"stringValue"`
	True   *bool                   `json:"trueBooleanValue"`
	Blob   []byte                  `json:"blobValue,omitempty"`
	When   *shape.Time             `json:"when"`
	Words  []string                `json:"words,omitempty"`
	Counts map[string]int          `json:"counts,omitempty"`
	Inner  *scalars                `json:"inner"`
	Many   []scalars               `json:"many,omitempty"`
	Plain  []struct{}              `json:"plain,omitempty"`
	Times  map[string][]shape.Time `json:"times,omitempty"`
}

func scalarShape(t testing.TB) *shape.Shape {
	t.Helper()
	s, err := shape.NewCompiler(nil).Compile(reflect.TypeFor[scalars]())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t testing.TB, data []byte) (scalars, error) {
	t.Helper()
	var in scalars
	return in, Read(data, scalarShape(t), reflect.ValueOf(&in).Elem())
}

// The bodies are those of Smithy's protocol tests, which every client and server
// of rpcv2Cbor is held to.
func TestCBORBecomesTheInput(t *testing.T) {
	simple := scalars{
		Byte: ptr(int8(5)), Double: ptr(1.889), False: ptr(false), Float: ptr(float32(7.625)), Int: ptr(int32(256)), Long: ptr(int64(9873)),
		Short: ptr(int16(9898)), Text: ptr("simple"), True: ptr(true), Blob: []byte("foo"),
	}
	for name, c := range map[string]struct {
		body string
		want scalars
	}{
		"open lengths":   {"v2lieXRlVmFsdWUFa2RvdWJsZVZhbHVl+z/+OVgQYk3TcWZhbHNlQm9vbGVhblZhbHVl9GpmbG9hdFZhbHVl+kD0AABsaW50ZWdlclZhbHVlGQEAaWxvbmdWYWx1ZRkmkWpzaG9ydFZhbHVlGSaqa3N0cmluZ1ZhbHVlZnNpbXBsZXB0cnVlQm9vbGVhblZhbHVl9WlibG9iVmFsdWVDZm9v/w==", simple},
		"keys in chunks": {"qmlieXRlVmFsdWUFf2Zkb3VibGVlVmFsdWX/+z/+OVgQYk3Tf2VmYWxzZWdCb29sZWFuZVZhbHVl//RqZmxvYXRWYWx1ZfpA9AAAbGludGVnZXJWYWx1ZRkBAGlsb25nVmFsdWUZJpFqc2hvcnRWYWx1ZRkmqn9mc3RyaW5nZVZhbHVl/2ZzaW1wbGVwdHJ1ZUJvb2xlYW5WYWx1ZfVpYmxvYlZhbHVlQ2Zvbw==", simple},
		"more members":   {"v2lieXRlVmFsdWUFa2RvdWJsZVZhbHVl+z/+OVgQYk3TcWZhbHNlQm9vbGVhblZhbHVl9GpmbG9hdFZhbHVl+kD0AABrZXh0cmFPYmplY3S/c2luZGVmaW5pdGVMZW5ndGhNYXC/a3dpdGhBbkFycmF5nwECA///cWRlZmluaXRlTGVuZ3RoTWFwo3J3aXRoQURlZmluaXRlQXJyYXmDAQIDeB1hbmRTb21lSW5kZWZpbml0ZUxlbmd0aFN0cmluZ3gfdGhhdCBoYXMsIGJlZW4gY2h1bmtlZCBvbiBjb21tYWxub3JtYWxTdHJpbmdjZm9vanNob3J0VmFsdWUZJw9uc29tZU90aGVyRmllbGR2dGhpcyBzaG91bGQgYmUgc2tpcHBlZP9saW50ZWdlclZhbHVlGQEAaWxvbmdWYWx1ZRkmkWpzaG9ydFZhbHVlGSaqa3N0cmluZ1ZhbHVlZnNpbXBsZXB0cnVlQm9vbGVhblZhbHVl9WlibG9iVmFsdWVDZm9v/w==", simple},
		"nothing":        {"", scalars{}},
		"an empty map":   {"v/8=", scalars{}},
		"null":           {"v2tzdHJpbmdWYWx1Zfb/", scalars{}},
		"not a number":   {"v2tkb3VibGVWYWx1Zft/+AAAAAAAAGpmbG9hdFZhbHVl+n/AAAD/", scalars{Double: ptr(math.NaN()), Float: ptr(float32(math.NaN()))}},
		"infinite":       {"v2tkb3VibGVWYWx1Zfv/8AAAAAAAAGpmbG9hdFZhbHVl+n+AAAD/", scalars{Double: ptr(math.Inf(-1)), Float: ptr(float32(math.Inf(1)))}},
		"a text in chunks": {"oWtzdHJpbmdWYWx1ZX94HUFuIGV4YW1wbGUgaW5kZWZpbml0ZSBzdHJpbmcscSBjaHVua2VkIG9uIGNvbW1h/w==",
			scalars{Text: ptr("An example indefinite string, chunked on comma")}},
		"bytes in chunks": {"oWlibG9iVmFsdWVfWCJBbiBleGFtcGxlIGluZGVmaW5pdGUtYnl0ZSBzdHJpbmcsUSBjaHVua2VkIG9uIGNvbW1h/w==",
			scalars{Blob: []byte("An example indefinite-byte string, chunked on comma")}},
		"narrow numbers": {"v2tkb3VibGVWYWx1Zfk+AGpmbG9hdFZhbHVl+UegbGludGVnZXJWYWx1ZRg4aWxvbmdWYWx1ZRkBAGpzaG9ydFZhbHVlCv8=",
			scalars{Double: ptr(1.5), Float: ptr(float32(7.625)), Int: ptr(int32(56)), Long: ptr(int64(256)), Short: ptr(int16(10))}},
	} {
		data, err := base64.StdEncoding.DecodeString(c.body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(t, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTimesAreReadInAllSpellings(t *testing.T) {
	for text, want := range map[string]string{
		"a1647768656ec11a6553f100":         "2023-11-14T22:13:20Z",
		"a1647768656ec1fb41d954fc40100000": "2023-11-14T22:13:20.25Z",
		"a1647768656efb41d954fc40100000":   "2023-11-14T22:13:20.25Z",
		"a1647768656ed9d9f7c120":           "1969-12-31T23:59:59Z",
		"a1647768656ec1f93c00":             "1970-01-01T00:00:01Z",
		"a1647768656ec1fbbff8000000000000": "1969-12-31T23:59:58.5Z",
	} {
		data, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(t, data)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if at := got.When.Format(time.RFC3339Nano); at != want {
			t.Errorf("%s: got %s, want %s", text, at, want)
		}
	}
}

func TestWhatIsWrongIsNamedWithItsPlace(t *testing.T) {
	item := func(v any) []byte {
		b, err := fxamacker.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		data []byte
		want string
	}{
		{item(map[string]any{"stringValue": 5}), "stringValue: expected a string, found an integer."},
		{item(map[string]any{"stringValue": []byte("x")}), "stringValue: expected a string, found bytes."},
		{item(map[string]any{"blobValue": "x"}), "blobValue: expected bytes, found a string."},
		{item(map[string]any{"trueBooleanValue": 1}), "trueBooleanValue: expected true or false, found an integer."},
		{item(map[string]any{"byteValue": 128}), "byteValue: expected an integer of 8 bits, found a greater one."},
		{item(map[string]any{"longValue": uint64(1 << 63)}), "longValue: expected an integer of 64 bits, found a greater one."},
		{item(map[string]any{"longValue": 1.5}), "longValue: expected an integer, found a number."},
		{item(map[string]any{"floatValue": 1e300}), "floatValue: expected a number of 32 bits, found a greater one."},
		{item(map[string]any{"when": "2023-11-14T22:13:20Z"}), "when: expected a timestamp in Unix seconds, found a string."},
		{item(map[string]any{"when": 1e300}), "when: expected a timestamp in Unix seconds, found a number."},
		{item(map[string]any{"words": map[string]any{}}), "words: expected a list, found a map."},
		{item(map[string]any{"words": []any{"a", nil}}), "words[1]: expected a string, found null."},
		{item(map[string]any{"counts": map[string]any{"k": nil}}), "counts.k: expected an integer, found null."},
		{item(map[string]any{"inner": []any{}}), "inner: expected a structure, found a list."},
		{item(map[string]any{"many": []any{map[string]any{"inner": map[string]any{"byteValue": true}}}}), "many[0].inner.byteValue: expected an integer, found a boolean."},
		{item([]any{}), "the request body: expected a structure, found a list."},
		{item(nil), "the request body: expected a structure, found null."},
		{item(map[int]any{1: 2}), "The request body is not valid CBOR: a member's name must be text."},
		{[]byte{0xa1, 0x61, 0xff, 0x00}, "The request body is not valid CBOR: a text is not UTF-8."},
		{[]byte{0xa1, 0x61}, "The request body is not valid CBOR: "},
		{[]byte{0xa0, 0x00}, "The request body is not valid CBOR: "},
		{[]byte{0xa1, 0x61, 'a', 0x9b, 0, 0, 0, 1, 0, 0, 0, 0}, "The request body is not valid CBOR: "},
		{append([]byte{0xa1, 0x61, 'a'}, bytes.Repeat([]byte{0x81}, 1<<20)...), "The request body is not valid CBOR: "},
	} {
		_, err := read(t, c.data)
		e, ok := errors.AsType[*shape.Error](err)
		if !ok || e.Code != "SerializationException" || !strings.HasPrefix(e.Message, c.want) {
			t.Errorf("%.40x: got %v, want %s", c.data, err, c.want)
		}
	}
}

// A list of empty maps is a byte an element, and a structure each in memory.
func TestWhatListsAndMapsComeToIsBounded(t *testing.T) {
	for _, part := range []string{"a0", "a16477687973a0"} {
		one, err := hex.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		data := append([]byte{0xa1, 0x64, 'm', 'a', 'n', 'y', 0x9f}, bytes.Repeat(one, 900_000)...)
		in, err := read(t, append(data, 0xff))
		if err != shape.ErrTooManyParts {
			t.Errorf("got %v", err)
		}
		if size := len(in.Many) * int(reflect.TypeFor[scalars]().Size()); size > shape.MaxParts {
			t.Errorf("%d elements are %d bytes", len(in.Many), size)
		}
	}
}

// What is written is what another reader of CBOR reads.
func TestOutputsBecomeCBOR(t *testing.T) {
	at := shape.At(time.UnixMilli(1700000000250))
	out := scalars{
		Byte: ptr(int8(-5)), Double: ptr(1.5), Float: ptr(float32(7.625)), Text: ptr("é\xff"), When: &at, Words: []string{"", strings.Repeat("x", 300)},
		Long: ptr(int64(math.MinInt64)), Int: ptr(int32(70000)), True: ptr(true), False: ptr(false), Blob: []byte{0}, Counts: map[string]int{"b": 24, "a": 1 << 40},
		Inner: &scalars{}, Many: []scalars{{}},
	}
	b, err := Append(nil, reflect.ValueOf(out), scalarShape(t))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := fxamacker.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	none := map[any]any{}
	want := map[string]any{
		"byteValue": int64(-5), "doubleValue": 1.5, "floatValue": 7.625, "stringValue": "é\ufffd", "when": at.UTC(), "words": []any{"", strings.Repeat("x", 300)},
		"longValue": int64(math.MinInt64), "integerValue": uint64(70000), "trueBooleanValue": true, "falseBooleanValue": false, "blobValue": []byte{0},
		"counts": map[any]any{"a": uint64(1 << 40), "b": uint64(24)}, "inner": none, "many": []any{none},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCBORCannotHoldIsAnError(t *testing.T) {
	type out struct{ F []*float64 }
	s, err := shape.NewCompiler(nil).Compile(reflect.TypeFor[out]())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := Append(nil, reflect.ValueOf(out{F: []*float64{nil}}), s); err == nil {
		t.Errorf("got %x, want an error", b)
	}
}

// Whatever comes in, the reader ends, says no more than the other reader does, and
// what it has read can be written and read again.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"a0", "bfff", "a1647768656ec1fb41d954fc40100000", "a1696279746556616c756520", "a1646d616e799fa0a0ff", "a165776f72647382617861ff",
		"bf69626c6f6256616c75655f41614162ffff", "a166636f756e7473a1616101", "a16574696d6573a1616b81c11a6553f100", "a1616181d9d9f7f6",
	} {
		b, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	s := scalarShape(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var in, again scalars
		if err := Read(data, s, reflect.ValueOf(&in).Elem()); err != nil || len(data) == 0 {
			return
		}
		if err := fxamacker.Wellformed(data); err != nil {
			t.Errorf("%x is read, and is not well-formed: %v", data, err)
		}
		b, err := Append(nil, reflect.ValueOf(in), s)
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		if err := fxamacker.Unmarshal(b, &object); err != nil {
			t.Errorf("%x is written as %x: %v", data, b, err)
		}
		if err := Read(b, s, reflect.ValueOf(&again).Elem()); err != nil {
			t.Fatalf("%x is written as %x: %v", data, b, err)
		}
		near := cmp.Comparer(func(a, b shape.Time) bool { return a.UnixMilli() == b.UnixMilli() })
		if diff := cmp.Diff(in, again, near, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%x: %s", data, diff)
		}
	})
}
