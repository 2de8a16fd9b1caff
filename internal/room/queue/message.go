package queue

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/fault"
)

// An Attribute is one of the sender's own attributes of a message.
type Attribute struct {
	Name string
	// Type is String, Number or Binary, possibly followed by a dot and a label of
	// the sender's.
	Type string
	// Value is text, except for the type Binary.
	Value string
}

// Binary says whether the value is bytes rather than text.
func (a Attribute) Binary() bool { return strings.HasPrefix(a.Type, "Binary") }

// A Draft is a message as a sender hands it in.
type Draft struct {
	Body string
	// Attributes are sorted by name, at most ten.
	Attributes []Attribute
	// Delay is how long nobody receives it; nil means the delay of the queue.
	Delay *time.Duration
	// Group is the message group. FIFO queues ask for one.
	Group string
	// DedupID is what a FIFO queue recognises a repetition by, or "".
	DedupID string
	// Trace is a trace header, or "".
	Trace string
	// Sender names who sent it.
	Sender string
}

// Size is what counts against the limit of the queue, in bytes.
func (d *Draft) Size() int {
	n := len(d.Body)
	for _, a := range d.Attributes {
		n += len(a.Name) + len(a.Type) + len(a.Value)
	}
	return n
}

// A Sent message is one that the queue has taken.
type Sent struct {
	ID string
	// Sequence is its number in a FIFO queue, 0 in a standard one.
	Sequence uint64
}

// A Message is one that has been handed out.
type Message struct {
	ID string
	// Receipt names this handing out; deleting the message needs it.
	Receipt    string
	Body       string
	Attributes []Attribute
	// Sender, Group, DedupID and Trace are as in the [Draft].
	Sender, Group, DedupID, Trace string
	// Origin is the ARN of the queue that dead-lettered it, or "".
	Origin string
	Sent   time.Time
	// First is when it was first received, Receives how often, over all queues
	// that it has been in.
	First    time.Time
	Receives int
	// Sequence is as in [Sent].
	Sequence uint64
}

// sequenceBase makes sequence numbers twenty digits long, as users know them.
const sequenceBase = 10_000_000_000_000_000_000

// TooLong is the fault of a message over the queue's limit. What becomes of the
// parameters is another thing in a batch.
func TooLong(what string, limit int) error {
	return fault.Invalid("One or more parameters %s. Reason: Message must be shorter than %d bytes.", what, limit)
}

// CheckText refuses characters that a message may not hold.
func CheckText(what, s string) error {
	i, bad := badCharacter(s)
	if !bad {
		return nil
	}
	r, width := utf8.DecodeRuneInString(s[i:])
	if r == utf8.RuneError && width == 1 {
		r = rune(s[i])
	}
	return fault.Invalid("Invalid binary character '#x%X' was found in the %s, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", r, what).
		WithCode(CodeContents)
}

// badCharacter returns where the first character stands that is not one of
// XML's, and bytes that are not UTF-8.
func badCharacter(s string) (at int, bad bool) {
	for i := 0; i < len(s); {
		if len(s)-i >= 8 && isPrintable(s[i:i+8]) {
			i += 8
			continue
		}
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return i, true
			}
			i++
			continue
		}
		r, width := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && width == 1 || r == 0xFFFE || r == 0xFFFF {
			return i, true
		}
		i += width
	}
	return 0, false
}

// isPrintable says whether eight bytes are characters of ASCII from the space on,
// as nearly all are, looked at together: a byte has its high bit set if it had, or
// if it falls below 0 when a space is taken from it.
func isPrintable(s string) bool {
	const high, spaces = 0x8080808080808080, 0x2020202020202020
	word := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	return (word|(word-spaces))&high == 0
}
