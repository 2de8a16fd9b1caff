package directory

import (
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// maxWeight bounds what the records of an account have in all, in bytes: they are
// in memory. AWS's quotas alone would come to some gigabytes.
const maxWeight = 64 << 20

// count counts what an account gets, or gives up.
func (d *Directory) count(account string, n int) {
	if d.weights[account] += n; d.weights[account] == 0 {
		delete(d.weights, account)
	}
	if !d.isConfigured(account) {
		d.strange += n
	}
}

func (d *Directory) isConfigured(account string) bool {
	return d.configured == nil || d.configured(account)
}

// weigh is [Directory.count] for as long as the transaction is kept, and the fault of
// too much.
func (d *Directory) weigh(tx store.Tx, account string, grows int) error {
	switch {
	case grows <= 0:
	case d.weights[account]+grows > maxWeight:
		return fault.Limit("The roles, users, groups and policies of the account would take more than %d MiB in all. Delete some, or make their documents and tags shorter.", maxWeight>>20).WithCode(codeLimit)
	case !d.isConfigured(account) && d.strange+grows > maxWeight:
		return fault.Limit("The roles, users, groups and policies of all accounts that are not in the settings would take more than %d MiB together. Delete some, use the account of -account, or start the server with -keys, which names the accounts that there are.", maxWeight>>20).WithCode(codeLimit)
	}
	d.count(account, grows)
	tx.OnEnd(func(kept bool) {
		if !kept {
			d.count(account, -grows)
		}
	})
	return nil
}

// fixedWeight is what a record, a document or a tag takes beside its text.
const fixedWeight = 256
