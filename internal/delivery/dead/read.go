package dead

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/dari-bus/dari/internal/store"
)

// page is how much of the dead is read in one go, in bytes.
const page = 1 << 20

// Read yields what is kept of an account, oldest first, from behind the one with
// the ID after, or all of it when after is "". It holds no more than fits a page
// of 1 MiB, or the one that is larger, beside the payload of the first, and no
// transaction while it yields, so it may take its time. An error that it yields ends it; the error of Read itself
// says that there can be no such ID.
func (k *Keep) Read(ctx context.Context, account, after string) (iter.Seq2[*Letter, error], error) {
	from := ofAccount(account)
	if after != "" {
		last, err := parseID(after)
		if err != nil {
			return nil, err
		}
		from = key{last.seq, last.lane + 1}.of(account)
	}
	return func(yield func(*Letter, error) bool) {
		for from := from; from != nil; {
			var letters []*Letter
			err := k.Store.View(ctx, func(tx store.Tx) (err error) {
				letters, from, err = read(tx, account, from)
				return err
			})
			if err != nil {
				yield(nil, err)
				return
			}
			for _, l := range letters {
				if !yield(l, nil) {
					return
				}
			}
		}
	}, nil
}

// read reads a page, and where the next one begins: nil at the end. Those with
// one payload share its bytes.
func read(tx store.Tx, account string, from []byte) (letters []*Letter, next []byte, err error) {
	var payload json.RawMessage
	of := key{} // whose payload it is
	size := 0
	for k, v := range tx.Scan(from, store.End(ofAccount(account))) {
		at := decode(k)
		if size += len(v); size > page && len(letters) > 0 {
			return letters, bytes.Clone(k), nil
		}
		if at.lane == 0 {
			payload, of = asJSON(v), at
			continue
		}
		l := &Letter{}
		if err := json.Unmarshal(v, l); err != nil {
			return nil, nil, fmt.Errorf("dead delivery %s: %w", at.id(), err)
		}
		if of != at.payload() {
			b, err := tx.Get(at.payload().of(account))
			if err != nil {
				return nil, nil, err
			}
			payload, of = asJSON(b), at.payload()
		}
		l.ID, l.Event = at.id(), payload
		letters = append(letters, l)
	}
	return letters, nil, nil
}

// asJSON returns a copy of a payload that can stand in JSON.
func asJSON(payload []byte) json.RawMessage {
	if json.Valid(payload) {
		return bytes.Clone(payload)
	}
	quoted, err := json.Marshal(string(payload))
	if err != nil { // no string is refused
		return nil
	}
	return quoted
}
