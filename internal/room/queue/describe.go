package queue

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Describe says in words what a key of this room is about, for those who look at
// a store from outside.
func (s *Service) Describe(key []byte) string {
	if name, ok := strings.CutPrefix(string(key), keyQueue); ok {
		return "the definition of queue " + name
	}
	for _, kind := range perQueue {
		rest, ok := strings.CutPrefix(string(key), kind)
		if !ok || len(rest) < 8 {
			continue
		}
		number := binary.BigEndian.Uint64([]byte(rest))
		for _, q := range s.all() {
			if q.number == number {
				return "queue " + q.address.Account + "/" + q.address.Region + "/" + q.address.Name
			}
		}
		return fmt.Sprintf("a queue whose name is lost (number %d)", number)
	}
	return "queues"
}
