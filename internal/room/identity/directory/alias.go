package directory

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// An alias is the name of an account, which no other has. It is in the store twice:
// by the account that has it, and by itself.
type alias struct{ Account, Name string }

func aliasOf(account string) table.Key { return table.Key{Place: in(account), Name: "own"} }
func aliasNamed(name string) table.Key { return table.Key{Place: global, Name: name} }
func (a *alias) weight() int           { return 2 * (fixedWeight + len(a.Name)) }
func (a *alias) delete(w table.Writer[alias]) error {
	if _, err := w.Delete(aliasNamed(a.Name)); err != nil {
		return err
	}
	_, err := w.Delete(aliasOf(a.Account))
	return err
}

// SetAlias gives the caller's account a name, in the place of the one that it had.
func (d *Directory) SetAlias(ctx context.Context, by access.Caller, name string) error {
	if err := d.Ask(by, "iam:CreateAccountAlias", "*", nil); err != nil {
		return err
	}
	return d.store.Update(ctx, func(tx store.Tx) error {
		w, set := d.aliases.In(tx), &alias{by.Account, name}
		if w.Find(aliasNamed(name)) != nil {
			return fault.Conflict("The account alias %s already exists.", name).WithCode(codeExists)
		}
		grows := set.weight()
		if old := w.Find(aliasOf(by.Account)); old != nil {
			grows -= old.weight()
			if err := old.delete(w); err != nil {
				return err
			}
		}
		if err := d.weigh(tx, by.Account, grows); err != nil {
			return err
		}
		if err := w.Put(aliasOf(by.Account), set); err != nil {
			return err
		}
		return w.Put(aliasNamed(name), set)
	})
}

// Alias returns the name of the caller's account, "" without one.
func (d *Directory) Alias(by access.Caller) (string, error) {
	if err := d.Ask(by, "iam:ListAccountAliases", "*", nil); err != nil {
		return "", err
	}
	if a := d.aliases.Find(aliasOf(by.Account)); a != nil {
		return a.Name, nil
	}
	return "", nil
}

// DeleteAlias takes its name from the caller's account.
func (d *Directory) DeleteAlias(ctx context.Context, by access.Caller, name string) error {
	if err := d.Ask(by, "iam:DeleteAccountAlias", "*", nil); err != nil {
		return err
	}
	return d.store.Update(ctx, func(tx store.Tx) error {
		w := d.aliases.In(tx)
		a := w.Find(aliasOf(by.Account))
		if a == nil || a.Name != name {
			return missing("The account alias %s cannot be found.", name)
		}
		if err := d.weigh(tx, by.Account, -a.weight()); err != nil {
			return err
		}
		return a.delete(w)
	}, store.Draining)
}
