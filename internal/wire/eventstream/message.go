// Package eventstream writes and reads the messages of
// application/vnd.amazon.eventstream, in which AWS's services send events one
// after the other in one answer.
//
// A message is its own length and that of its headers, a checksum of these two,
// the headers, the payload, and a checksum of all. A reader can tell where a
// message ends and that it arrived whole, and nothing else: what the headers
// mean is said by [Event], [Exception] and [Failure], which make the messages
// that the SDKs know.
//
// Reading is for clients: nobody sends events to dari.
package eventstream

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// ContentType is the media type of a stream of messages.
const ContentType = "application/vnd.amazon.eventstream"

// Bounds of a message in bytes, those of AWS.
const (
	maxHeaders = 128 << 10
	maxPayload = 16 << 20
	maxName    = 255
	maxValue   = 1<<15 - 1
)

// overhead is what a message has beside its headers and its payload: two
// lengths and two checksums.
const overhead = 16

// A Message is one message of a stream.
type Message struct {
	Headers []Header
	Payload []byte
}

// A Header is a named value of a message. Of the types that the format has for
// values, AWS's events have strings only.
type Header struct{ Name, Value string }

// Append appends m as it is on the wire. A message beyond AWS's bounds is an
// error, and nothing is appended.
func (m *Message) Append(b []byte) ([]byte, error) {
	if len(m.Payload) > maxPayload {
		return b, fmt.Errorf("a message has at most %d bytes, this one has %d", maxPayload, len(m.Payload))
	}
	start := len(b)
	b = append(b, make([]byte, 12)...) // the prelude, once the lengths are known
	out := b
	for i := range m.Headers {
		var err error
		if out, err = m.Headers[i].append(out); err != nil {
			return b[:start], fmt.Errorf("header %s: %w", m.Headers[i].Name, err)
		}
	}
	headers := len(out) - len(b)
	if headers > maxHeaders {
		return b[:start], fmt.Errorf("the headers of a message have at most %d bytes, these have %d", maxHeaders, headers)
	}
	out = append(out, m.Payload...)
	prelude := out[start : start+12]
	binary.BigEndian.PutUint32(prelude, uint32(overhead+headers+len(m.Payload)))
	binary.BigEndian.PutUint32(prelude[4:], uint32(headers))
	binary.BigEndian.PutUint32(prelude[8:], crc32.ChecksumIEEE(prelude[:8]))
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:])), nil
}

// typeString is the type of a header's value, as it is numbered on the wire.
const typeString = 7

func (h *Header) append(b []byte) ([]byte, error) {
	if n := len(h.Name); n == 0 || n > maxName {
		return nil, fmt.Errorf("a name has 1 to %d bytes, this one has %d", maxName, n)
	}
	if n := len(h.Value); n > maxValue {
		return nil, fmt.Errorf("a value has at most %d bytes, this one has %d", maxValue, n)
	}
	b = append(append(b, byte(len(h.Name))), h.Name...)
	b = binary.BigEndian.AppendUint16(append(b, typeString), uint16(len(h.Value)))
	return append(b, h.Value...), nil
}
