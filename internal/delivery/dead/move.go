package dead

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/store"
)

// move gives what an earlier version has kept for all together to the accounts
// that it is of, a little in each transaction. On a disk that is full that has to
// wait for another start, and so have those who want to see it.
func (k *Keep) move(ctx context.Context) error {
	for more := true; more; {
		err := k.Store.View(ctx, func(tx store.Tx) error {
			more = false
			for range tx.Scan([]byte(prefixOld), store.End([]byte(prefixOld))) {
				more = true
				break
			}
			return nil
		})
		if err != nil || !more {
			return err
		}
		err = k.Store.Update(ctx, moveSome)
		if errors.Is(err, store.ErrFull) {
			k.Log.Warn("dead deliveries of an earlier version are not shown before the disk has room and dari starts again")
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// moveSome moves all that share the next few payloads.
func moveSome(tx store.Tx) error {
	var payload, next []byte
	of := key{} // whose payload it is
	size := 0
	for k, v := range tx.Scan([]byte(prefixOld), store.End([]byte(prefixOld))) {
		at := decode(k)
		if at.payload() != of {
			if size > page {
				next = bytes.Clone(k)
				break
			}
			payload, of = nil, at.payload()
		}
		size += len(k) + len(v)
		if at.lane == 0 {
			payload = bytes.Clone(v)
		} else if err := moveOne(tx, at, v, payload); err != nil {
			return err
		}
	}
	if next == nil {
		next = store.End([]byte(prefixOld))
	}
	return tx.DeleteRange([]byte(prefixOld), next)
}

// moveOne writes a record anew. The oldest ones hold their payload themselves.
func moveOne(tx store.Tx, at key, record, payload []byte) error {
	var l Letter
	if err := json.Unmarshal(record, &l); err != nil {
		return fmt.Errorf("dead delivery %s: %w", at.id(), err)
	}
	if l.Event != nil {
		payload, l.Event = l.Event, nil
	}
	b, err := json.Marshal(&l)
	if err != nil {
		return err
	}
	account := AccountOf(l.Owner)
	if err := tx.Put(at.payload().of(account), payload); err != nil {
		return err
	}
	return tx.Put(at.of(account), b)
}

// AccountOf returns the account that what an ARN names belongs to.
func AccountOf(owner string) string {
	a, err := arn.Parse(owner)
	if err != nil {
		return ""
	}
	return a.Account
}
