package eventstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

var errDamaged = errors.New("the stream of events is damaged")

// Read reads the next message. The error is io.EOF where the stream ends between
// two messages.
func Read(r io.Reader) (*Message, error) {
	var prelude [12]byte
	if _, err := io.ReadFull(r, prelude[:]); err != nil {
		return nil, err
	}
	total, headers := binary.BigEndian.Uint32(prelude[:]), binary.BigEndian.Uint32(prelude[4:])
	if crc32.ChecksumIEEE(prelude[:8]) != binary.BigEndian.Uint32(prelude[8:]) ||
		headers > maxHeaders || total > overhead+maxHeaders+maxPayload || total < overhead+headers {
		return nil, errDamaged
	}
	rest := make([]byte, total-12)
	if _, err := io.ReadFull(r, rest); err != nil {
		return nil, fmt.Errorf("the stream of events breaks off: %w", err)
	}
	body, sum := rest[:len(rest)-4], rest[len(rest)-4:]
	if crc32.Update(crc32.ChecksumIEEE(prelude[:]), crc32.IEEETable, body) != binary.BigEndian.Uint32(sum) {
		return nil, errDamaged
	}
	m := &Message{Payload: body[headers:]}
	for b := body[:headers]; len(b) > 0; {
		var h Header
		var ok bool
		if h, b, ok = cutHeader(b); !ok {
			return nil, errDamaged
		}
		m.Headers = append(m.Headers, h)
	}
	return m, nil
}

// cutHeader reads the first header of b and returns what is behind it.
func cutHeader(b []byte) (h Header, rest []byte, ok bool) {
	n := int(b[0])
	if len(b) < n+4 || b[n+1] != typeString {
		return h, nil, false
	}
	h.Name = string(b[1 : n+1])
	b = b[n+2:]
	if n = int(binary.BigEndian.Uint16(b)); len(b) < n+2 {
		return h, nil, false
	}
	h.Value = string(b[2 : n+2])
	return h, b[n+2:], true
}

// Header returns the value of the header called name, or "".
func (m *Message) Header(name string) string {
	for _, h := range m.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}
