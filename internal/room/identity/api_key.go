package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// accessKeys are the rows of access keys.
func (a api) accessKeys() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateAccessKey", a.CreateAccessKey),
		wire.Op("ListAccessKeys", a.ListAccessKeys).Reads(),
		wire.Op("UpdateAccessKey", a.UpdateAccessKey),
		wire.Op("DeleteAccessKey", a.DeleteAccessKey),
		wire.Op("GetAccessKeyLastUsed", a.GetAccessKeyLastUsed).Reads(),
	}
}

// CreateAccessKeyOutput is the output of CreateAccessKey.
type CreateAccessKeyOutput struct {
	AccessKey *AccessKey
}

// UpdateAccessKeyInput is the input of UpdateAccessKey.
type UpdateAccessKeyInput struct {
	MaybeUser
	AccessKeyId *string
	Status      *string
}

// DeleteAccessKeyInput is the input of DeleteAccessKey.
type DeleteAccessKeyInput struct {
	MaybeUser
	AccessKeyId *string
}

// ListAccessKeysInput is the input of ListAccessKeys.
type ListAccessKeysInput struct {
	MaybeUser
	spell.Page
}

// ListAccessKeysOutput is the output of ListAccessKeys.
type ListAccessKeysOutput struct {
	AccessKeyMetadata []AccessKeyMetadata `empty:"kept"`
	spell.Listed
}

// named is the user that is meant, who calls when none is named.
func (m MaybeUser) named(ctx context.Context) (string, error) {
	if m.UserName != nil {
		return *m.UserName, nil
	}
	if id := spell.Caller(ctx).Identity; id != nil && id.User != "" {
		return id.User, nil
	}
	return "", fault.Invalid("Must specify userName when calling with non-User credentials").WithCode("ValidationError")
}

// CreateAccessKey makes an access key for a user.
func (a api) CreateAccessKey(ctx context.Context, in *MaybeUser) (*CreateAccessKeyOutput, error) {
	name, err := in.named(ctx)
	if err != nil {
		return nil, err
	}
	user, k, secret, err := a.CreateKey(ctx, spell.Caller(ctx), name)
	if err != nil {
		return nil, err
	}
	return &CreateAccessKeyOutput{&AccessKey{user, k.ID, status(k), secret, wire.At(k.Created)}}, nil
}

func status(k directory.Key) string {
	if k.Active {
		return "Active"
	}
	return "Inactive"
}

// UpdateAccessKey lets an access key count, or not.
func (a api) UpdateAccessKey(ctx context.Context, in *UpdateAccessKeyInput) (*wire.None, error) {
	name, err := in.named(ctx)
	if err != nil {
		return nil, err
	}
	return nil, a.SetKey(ctx, spell.Caller(ctx), name, *in.AccessKeyId, *in.Status == "Active")
}

// DeleteAccessKey removes an access key.
func (a api) DeleteAccessKey(ctx context.Context, in *DeleteAccessKeyInput) (*wire.None, error) {
	name, err := in.named(ctx)
	if err != nil {
		return nil, err
	}
	return nil, a.DeleteKey(ctx, spell.Caller(ctx), name, *in.AccessKeyId)
}

// ListAccessKeys lists the access keys of a user, without their secrets.
func (a api) ListAccessKeys(ctx context.Context, in *ListAccessKeysInput) (*ListAccessKeysOutput, error) {
	name, err := in.named(ctx)
	if err != nil {
		return nil, err
	}
	e, err := a.Get(spell.Caller(ctx), "ListAccessKeys", directory.User, name)
	if err != nil {
		return nil, err
	}
	keys, listed, err := clip(e.Keys, func(k directory.Key) string { return k.ID }, in.Page)
	out := &ListAccessKeysOutput{AccessKeyMetadata: make([]AccessKeyMetadata, len(keys)), Listed: listed}
	for i, k := range keys {
		out.AccessKeyMetadata[i] = AccessKeyMetadata{e.Name, k.ID, status(k), wire.At(k.Created)}
	}
	return out, err
}

// GetAccessKeyLastUsedInput is the input of GetAccessKeyLastUsed.
type GetAccessKeyLastUsedInput struct{ AccessKeyId *string }

// AccessKeyLastUsed is a structure of IAM.
type AccessKeyLastUsed struct {
	LastUsedDate        wire.Time `json:",omitempty"`
	ServiceName, Region string
}

// GetAccessKeyLastUsedOutput is the output of GetAccessKeyLastUsed.
type GetAccessKeyLastUsedOutput struct {
	UserName          string
	AccessKeyLastUsed *AccessKeyLastUsed
}

// GetAccessKeyLastUsed says when an access key was last used, and for what.
func (a api) GetAccessKeyLastUsed(ctx context.Context, in *GetAccessKeyLastUsedInput) (*GetAccessKeyLastUsedOutput, error) {
	user, u, err := a.LastUse(spell.Caller(ctx), *in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	out := &GetAccessKeyLastUsedOutput{user, &AccessKeyLastUsed{ServiceName: "N/A", Region: "N/A"}}
	if !u.At.IsZero() {
		*out.AccessKeyLastUsed = AccessKeyLastUsed{wire.At(u.At), u.Service, u.Region}
	}
	return out, nil
}
