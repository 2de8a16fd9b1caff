package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// write makes the value of a record: its version, a space, and its JSON.
func (t *Table[R]) write(r *R) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	value := make([]byte, 0, len(text)+4)
	value = append(strconv.AppendInt(value, int64(t.opt.Version), 10), ' ')
	return append(value, text...), nil
}

// read makes a record of what is in the store.
func (t *Table[R]) read(key, value []byte) (*R, error) {
	k, err := t.parse(key)
	if err != nil {
		return nil, err
	}
	version, text := 0, value
	if before, after, ok := bytes.Cut(value, []byte(" ")); ok {
		if n, err := strconv.Atoi(string(before)); err == nil {
			version, text = n, after
		}
	}
	switch {
	case version > t.opt.Version:
		return nil, fmt.Errorf("the record has version %d and this program knows versions up to %d; a later one wrote it", version, t.opt.Version)
	case version < t.opt.Version && t.opt.Migrate != nil:
		if text, err = t.opt.Migrate(version, text); err != nil {
			return nil, err
		}
	}
	r := new(R)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, err
	}
	if t.opt.Complete == nil {
		return r, nil
	}
	return r, t.opt.Complete(k, r)
}
