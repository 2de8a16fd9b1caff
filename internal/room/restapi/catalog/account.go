package catalog

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
	"github.com/dari-bus/dari/internal/store"
)

// accountName is the name of the one record that an account has in a region.
const accountName = "account"

// Account returns what holds for all APIs of the caller's account.
func (c *Catalog) Account(by access.Caller) (*definition.Account, error) {
	if err := c.Allow(by, "GET", "/account"); err != nil {
		return nil, err
	}
	if a := c.accounts.Find(key(by.Place, accountName)); a != nil {
		return a, nil
	}
	return &definition.Account{}, nil
}

// UpdateAccount changes what holds for all APIs of the caller's account.
func (c *Catalog) UpdateAccount(ctx context.Context, by access.Caller, ops []patch.Operation) (a *definition.Account, err error) {
	if err := c.Allow(by, "PATCH", "/account"); err != nil {
		return nil, err
	}
	return a, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		a = &definition.Account{}
		if old := c.accounts.In(tx).Find(key(by.Place, accountName)); old != nil {
			*a = *old
		}
		had := a.LogRole
		if err := a.Change(ops); err != nil {
			return err
		}
		if a.LogRole != "" && a.LogRole != had {
			if err := c.passes(by, a.LogRole); err != nil {
				return err
			}
			if c.opt.Roles.Check(by.Place, a.LogRole) != nil {
				return fault.Invalid("The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.")
			}
		}
		return keep(tx, c.accounts, key(by.Place, accountName), a)
	})
}
