package directory

import (
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// maxWeight bounds what the records of an account have in all, in bytes: they are
// in memory. AWS's quotas alone would come to some gigabytes.
const maxWeight = 64 << 20

// weigh counts what an account gets or gives up, and is the fault of too much.
func (d *Directory) weigh(tx store.Tx, account string, grows int) error {
	add := func(n int) {
		if d.weights[account] += n; d.weights[account] == 0 {
			delete(d.weights, account)
		}
	}
	if grows > 0 && d.weights[account]+grows > maxWeight {
		return fault.Limit("The roles, users, groups and policies of the account would take more than %d MiB in all. Delete some, or make their documents and tags shorter.", maxWeight>>20).WithCode(codeLimit)
	}
	add(grows)
	tx.OnEnd(func(kept bool) {
		if !kept {
			add(-grows)
		}
	})
	return nil
}

// fixedWeight is what a record, a document or a tag takes beside its text.
const fixedWeight = 256
