package eventstream

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read reads the first message of b, by the description of the format alone, and
// returns what follows it. It trusts no length.
func read(b []byte) (m Message, rest []byte, err error) {
	if len(b) < overhead {
		return m, nil, errors.New("too short")
	}
	total, headers := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if crc32.ChecksumIEEE(b[:8]) != binary.BigEndian.Uint32(b[8:]) {
		return m, nil, errors.New("the prelude is damaged")
	}
	if uint64(total) > uint64(len(b)) || uint64(headers)+overhead > uint64(total) {
		return m, nil, errors.New("the lengths are wrong")
	}
	end := total - 4
	if crc32.ChecksumIEEE(b[:end]) != binary.BigEndian.Uint32(b[end:]) {
		return m, nil, errors.New("the message is damaged")
	}
	m.Payload = b[12+headers : end]
	for h := b[12 : 12+headers]; len(h) > 0; {
		var header Header
		if header, h, err = readHeader(h); err != nil {
			return m, nil, err
		}
		m.Headers = append(m.Headers, header)
	}
	return m, b[total:], nil
}

func readHeader(b []byte) (h Header, rest []byte, err error) {
	n := int(b[0])
	if len(b) < n+4 {
		return h, nil, errors.New("a header ends too early")
	}
	if b[n+1] != typeString {
		return h, nil, errors.New("a header is no string")
	}
	h.Name = string(b[1 : n+1])
	b = b[n+2:]
	if n = int(binary.BigEndian.Uint16(b)); len(b) < n+2 {
		return h, nil, errors.New("a header ends too early")
	}
	h.Value = string(b[2 : n+2])
	return h, b[n+2:], nil
}

// The bytes are those that AWS publishes with its description of the format.
func TestMessagesAreAsAWSHasThem(t *testing.T) {
	for want, m := range map[string]Message{
		"000000100000000005c248eb7d98c8ff": {},
		"0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1": {
			Headers: []Header{{"content-type", "application/json"}}, Payload: []byte("{'foo':'bar'}"),
		},
		"0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936": {Payload: []byte("{'foo':'bar'}")},
	} {
		got, err := m.Append([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		if hex.EncodeToString(got[6:]) != want || string(got[:6]) != "before" {
			t.Errorf("got  %x\nwant %s", got[6:], want)
		}
	}
}

func TestEveryValueArrivesAsItWas(t *testing.T) {
	want := Message{Payload: []byte("p"), Headers: []Header{
		{"string", "é"}, {"empty", ""}, {strings.Repeat("n", 255), strings.Repeat("v", 1<<15-1)},
	}}
	b, err := want.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err = Failure("Code", "message").Append(b)
	if err != nil {
		t.Fatal(err)
	}
	got, rest, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, rest, err = read(rest)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%v, and %d bytes more", err, len(rest))
	}
	failure := []Header{{":message-type", "error"}, {":error-code", "Code"}, {":error-message", "message"}}
	if diff := cmp.Diff(failure, got.Headers); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsBeyondAWSsBoundsIsAnError(t *testing.T) {
	many := make([]Header, 5)
	for i := range many {
		many[i] = Header{"n", strings.Repeat("v", 1<<15-1)}
	}
	for name, m := range map[string]Message{
		"no name":        {Headers: []Header{{"", "v"}}},
		"a long name":    {Headers: []Header{{strings.Repeat("n", 256), "v"}}},
		"a long value":   {Headers: []Header{{"n", strings.Repeat("v", 1<<15)}}},
		"long headers":   {Headers: many},
		"a long payload": {Payload: make([]byte, 16<<20+1)},
	} {
		if b, err := m.Append([]byte("x")); err == nil || string(b) != "x" {
			t.Errorf("%s: %v, %d bytes", name, err, len(b))
		}
	}
	if _, err := Failure("C", strings.Repeat("é", 1<<15)).Append(nil); err != nil {
		t.Errorf("a long message is not cut: %v", err)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("name", "value", []byte("payload"), int64(7))
	f.Add("", "\xff", []byte{}, int64(-1))
	f.Fuzz(func(t *testing.T, name, value string, payload []byte, n int64) {
		_, _ = Read(bytes.NewReader(payload))
		if _, _, err := read(payload); err == nil {
			t.Log("somebody has made a message") // no panic is all that is asked
		}
		want := Message{Headers: []Header{{name, value}, {"n", strconv.FormatInt(n, 10)}}, Payload: payload}
		b, err := want.Append(nil)
		if err != nil {
			return
		}
		got, rest, err := read(b)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%v, and %d bytes more", err, len(rest))
		}
		if len(payload) == 0 {
			got.Payload = payload
		}
		r := bytes.NewReader(b)
		again, err := Read(r)
		if err != nil || r.Len() > 0 || again.Header("n") != strconv.FormatInt(n, 10) && name != "n" || !bytes.Equal(again.Payload, payload) {
			t.Fatalf("read %v, %v", again, err)
		}
		if _, err := Read(r); err != io.EOF {
			t.Fatalf("at the end: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if len(b) > 0 {
			b[int(uint64(n)%uint64(len(b)))] ^= 1
			if _, _, err := read(b); err == nil {
				t.Error("one changed bit is not seen")
			}
			if _, err := Read(bytes.NewReader(b)); err == nil {
				t.Error("one changed bit is not seen by Read")
			}
		}
	})
}
