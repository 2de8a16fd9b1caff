// Package eventstream writes the messages of
// application/vnd.amazon.eventstream, in which AWS's services send events one
// after the other in one answer.
//
// A message is its own length and that of its headers, a checksum of these two,
// the headers, the payload, and a checksum of all. A reader can tell where a
// message ends and that it arrived whole, and nothing else: what the headers
// mean is said by [Event], [Exception] and [Failure], which make the messages
// that the SDKs know.
//
// It leaves out reading: nobody sends events to dari.
package eventstream

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"
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

// A Header is a named value of a message. Value is a bool, int8, int16, int32,
// int64, []byte, string, time.Time or [16]byte, which is a UUID.
type Header struct {
	Name  string
	Value any
}

// Append appends m as it is on the wire. A message beyond AWS's bounds, or with
// a value that no header has, is an error, and nothing is appended.
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

// The types of headers, as they are numbered on the wire.
const (
	typeTrue = iota
	typeFalse
	typeByte
	typeShort
	typeInt
	typeLong
	typeBytes
	typeString
	typeTime
	typeUUID
)

func (h *Header) append(b []byte) ([]byte, error) {
	if n := len(h.Name); n == 0 || n > maxName {
		return nil, fmt.Errorf("a name has 1 to %d bytes, this one has %d", maxName, n)
	}
	b = append(append(b, byte(len(h.Name))), h.Name...)
	switch v := h.Value.(type) {
	case bool:
		if v {
			return append(b, typeTrue), nil
		}
		return append(b, typeFalse), nil
	case int8:
		return append(b, typeByte, byte(v)), nil
	case int16:
		return binary.BigEndian.AppendUint16(append(b, typeShort), uint16(v)), nil
	case int32:
		return binary.BigEndian.AppendUint32(append(b, typeInt), uint32(v)), nil
	case int64:
		return binary.BigEndian.AppendUint64(append(b, typeLong), uint64(v)), nil
	case []byte:
		return appendText(append(b, typeBytes), v)
	case string:
		return appendText(append(b, typeString), v)
	case time.Time:
		return binary.BigEndian.AppendUint64(append(b, typeTime), uint64(v.UnixMilli())), nil
	case [16]byte:
		return append(append(b, typeUUID), v[:]...), nil
	default:
		return nil, fmt.Errorf("no header holds a %T", v)
	}
}

func appendText[T []byte | string](b []byte, text T) ([]byte, error) {
	if len(text) > maxValue {
		return nil, fmt.Errorf("a value has at most %d bytes, this one has %d", maxValue, len(text))
	}
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...), nil
}
