package directory

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/store"
)

// idsOf returns the unique ids of those of the roles and users that a document names
// that are there, by their ARNs.
func (d *Directory) idsOf(doc *policy.Document) map[string]string {
	ids := map[string]string{}
	for _, name := range doc.Principals() {
		a, err := arn.Parse(name)
		if err != nil || a.Service != "iam" {
			continue
		}
		for _, k := range []*Kind{Role, User} {
			if e := d.entities.Find(k.key(a.Account, lastName(name))); e != nil && e.ARN == name {
				ids[name] = e.ID
			}
		}
	}
	return ids
}

const maxTrust = 2048

func checkTrust(text string) (*policy.Document, error) {
	if size(text) > maxTrust {
		return nil, quota("ACLSizePerRole", maxTrust)
	}
	return parseTrust(text)
}

// SetTrust replaces the trust policy of a role.
func (d *Directory) SetTrust(ctx context.Context, by access.Caller, name, text string) error {
	return d.Change(ctx, by, "UpdateAssumeRolePolicy", Role, name, nil, func(_ store.Tx, e *Entity) error {
		doc, err := checkTrust(text)
		if err == nil {
			e.Trust, e.Trusted = text, d.idsOf(doc)
		}
		return err
	})
}
