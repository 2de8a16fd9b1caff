package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"

	"github.com/dari-bus/dari/internal/room/queue"
)

// BodyDigest is the MD5 that clients compare a body with.
func BodyDigest(body string) string {
	h := md5.New()
	io.WriteString(h, body)
	return hex.EncodeToString(h.Sum(nil))
}

// The kinds of values in a digest of attributes.
const (
	digestText   = 1
	digestBinary = 2
)

// AttributesDigest is the MD5 that clients compare attributes with: of each, in
// the order of the names, name, type and value with their lengths before them,
// and a byte that says what the value is. It is "" for no attributes.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func AttributesDigest(sorted []queue.Attribute) string {
	if len(sorted) == 0 {
		return ""
	}
	h := md5.New()
	for _, a := range sorted {
		digestPart(h, a.Name)
		digestPart(h, a.Type)
		kind := byte(digestText)
		if a.Binary() {
			kind = digestBinary
		}
		h.Write([]byte{kind})
		digestPart(h, a.Value)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func digestPart(h hash.Hash, s string) {
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(s)))
	h.Write(n[:])
	io.WriteString(h, s)
}
