package catalog

import (
	"encoding/json"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// maxWeight bounds what the records of an account have in all, in bytes: they are in
// memory. AWS's quotas alone would come to some gigabytes.
const maxWeight = 64 << 20

// maxDefinition bounds what an API has to be deployed, in bytes: AWS's bound of imports.
const maxDefinition = 6 << 20

// fixedWeight is what a record takes beside its text.
const fixedWeight = 512

type weighs[R any] interface {
	*R
	Weight() *int
}

// weights are what the records of each account have in all, and of those that are not
// configured together. Only the store's turn touches them.
type weights struct {
	of      map[string]int
	strange int
}

// count counts what an account gets, or gives up.
func (c *Catalog) count(account string, n int) {
	w := &c.weights
	if w.of[account] += n; w.of[account] == 0 {
		delete(w.of, account)
	}
	if !c.configured(account) {
		w.strange += n
	}
}

func (c *Catalog) configured(account string) bool {
	return c.opt.Configured == nil || c.opt.Configured(account)
}

// weigh is [Catalog.count] for as long as the transaction is kept, and the fault of too
// much.
func (c *Catalog) weigh(tx store.Tx, account string, grows int) error {
	switch {
	case grows <= 0:
	case c.weights.of[account]+grows > maxWeight:
		return fault.Limit("The REST APIs of the account would take more than %d MiB in all. Delete deployments that no stage serves, or make templates and tags shorter.", maxWeight>>20)
	case !c.configured(account) && c.weights.strange+grows > maxWeight:
		return fault.Limit("The REST APIs of all accounts that are not in the settings would take more than %d MiB together. Delete some, use the account of -account, or start the server with -keys, which names the accounts that there are.", maxWeight>>20)
	}
	c.count(account, grows)
	tx.OnEnd(func(kept bool) {
		if !kept {
			c.count(account, -grows)
		}
	})
	return nil
}

// textSize is how long a record is as it is stored.
func textSize(r any) (int, error) {
	text, err := json.Marshal(r)
	return len(text), err
}

// put keeps a record that is about as long as size says, as far as there is room.
func put[R any, P weighs[R]](c *Catalog, tx store.Tx, t *table.Table[R], k table.Key, r P, size int) error {
	old := 0
	if was := t.In(tx).Find(k); was != nil {
		old = *P(was).Weight()
	}
	*r.Weight() = fixedWeight + size
	if err := c.weigh(tx, k.Account, *r.Weight()-old); err != nil {
		return err
	}
	return t.In(tx).Put(k, r)
}

// keep is put for a record of which it is not known how long it is.
func keep[R any, P weighs[R]](c *Catalog, tx store.Tx, t *table.Table[R], k table.Key, r P) error {
	size, err := textSize(r)
	if err != nil {
		return err
	}
	return put(c, tx, t, k, r, size)
}

// keepPart is keep for something that an API is deployed with, as far as the API does not
// become too large.
func keepPart[R any, P weighs[R]](c *Catalog, tx store.Tx, t *table.Table[R], at access.Place, api, name string, r P) error {
	k := below(at, api, name)
	others := c.definition(at, api)
	if old := t.In(tx).Find(k); old != nil {
		others -= *P(old).Weight()
	}
	size, err := textSize(r)
	if err != nil {
		return err
	}
	if others+size > maxDefinition {
		return fault.Limit("The API would have more than %d MiB in all: make its templates and schemas shorter.", maxDefinition>>20)
	}
	return put(c, tx, t, k, r, size)
}

// drop deletes a record.
func drop[R any, P weighs[R]](c *Catalog, tx store.Tx, t *table.Table[R], k table.Key) error {
	old, err := t.In(tx).Delete(k)
	if err != nil {
		return err
	}
	return c.weigh(tx, k.Account, -*P(old).Weight())
}
