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

// weighs is a record that knows how long it is.
type weighs[R any] interface {
	*R
	Weight() *int
}

// textSize is how long a record is as it is stored.
func textSize(r any) (int, error) {
	text, err := json.Marshal(r)
	return len(text), err
}

// put keeps a record that is about as long as size says, as far as there is room.
func put[R any, P weighs[R]](tx store.Tx, t *table.Table[R], k table.Key, r P, size int) error {
	*r.Weight() = size
	return t.In(tx).Put(k, r)
}

// keep is put for a record of which it is not known how long it is.
func keep[R any, P weighs[R]](tx store.Tx, t *table.Table[R], k table.Key, r P) error {
	size, err := textSize(r)
	if err != nil {
		return err
	}
	return put(tx, t, k, r, size)
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
	return put(tx, t, k, r, size)
}

// drop deletes a record.
func drop[R any](tx store.Tx, t *table.Table[R], k table.Key) error {
	_, err := t.In(tx).Delete(k)
	return err
}
