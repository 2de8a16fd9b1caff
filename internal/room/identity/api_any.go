package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// The rows that all kinds of entities have. An input is a type of parts, and what is
// done with it is made for that type.

// whose is an input that names an entity.
type whose interface {
	whose() (k *directory.Kind, name string)
}

func (o OfRole) whose() (*directory.Kind, string)  { return directory.Role, *o.RoleName }
func (o OfUser) whose() (*directory.Kind, string)  { return directory.User, *o.UserName }
func (o OfGroup) whose() (*directory.Kind, string) { return directory.Group, *o.GroupName }
func (o OfProfile) whose() (*directory.Kind, string) {
	return directory.Profile, *o.InstanceProfileName
}

func (i Inline) inline() string                { return *i.PolicyName }
func (i InlineText) inlineText() (_, _ string) { return *i.PolicyName, *i.PolicyDocument }
func (o OfPolicy) policy() string              { return *o.PolicyArn }
func (o OnPolicyPath) onPath() string          { return prefix(o.PathPrefix) }
func (b Bounded) boundary() string             { return *b.PermissionsBoundary }
func (t Tagged) tags() []directory.Tag         { return spell.Tags(t.Tags) }
func (u Untagged) tagKeys() []string           { return u.TagKeys }

// remove is the function of the rows that delete an entity on which nothing hangs.
func remove[In whose](a api) func(context.Context, *In) (*wire.None, error) {
	return func(ctx context.Context, in *In) (*wire.None, error) {
		k, name := (*in).whose()
		return nil, a.Delete(ctx, spell.Caller(ctx), k, name)
	}
}

// putInline is that of PutRolePolicy and the like.
func putInline[In interface {
	whose
	inlineText() (name, document string)
}](a api) func(context.Context, *In) (*wire.None, error) {
	return func(ctx context.Context, in *In) (*wire.None, error) {
		k, name := (*in).whose()
		policy, document := (*in).inlineText()
		return nil, a.PutInline(ctx, spell.Caller(ctx), k, name, policy, document)
	}
}

// InlineOutput is the output of GetRolePolicy and the like.
type InlineOutput struct {
	RoleName       string `json:",omitempty"`
	UserName       string `json:",omitempty"`
	GroupName      string `json:",omitempty"`
	PolicyName     string
	PolicyDocument string
}

// getInline is that of GetRolePolicy and the like.
func getInline[In interface {
	whose
	inline() string
}](a api) func(context.Context, *In) (*InlineOutput, error) {
	return func(ctx context.Context, in *In) (*InlineOutput, error) {
		k, name := (*in).whose()
		policy := (*in).inline()
		e, text, err := a.Inline(spell.Caller(ctx), k, name, policy)
		if err != nil {
			return nil, err
		}
		out := &InlineOutput{PolicyName: policy, PolicyDocument: escaped(text)}
		*map[*directory.Kind]*string{directory.Role: &out.RoleName, directory.User: &out.UserName, directory.Group: &out.GroupName}[k] = e.Name
		return out, nil
	}
}

// deleteInline is that of DeleteRolePolicy and the like.
func deleteInline[In interface {
	whose
	inline() string
}](a api) func(context.Context, *In) (*wire.None, error) {
	return func(ctx context.Context, in *In) (*wire.None, error) {
		k, name := (*in).whose()
		return nil, a.DeleteInline(ctx, spell.Caller(ctx), k, name, (*in).inline())
	}
}

// InlinesOutput is the output of ListRolePolicies and the like.
type InlinesOutput struct {
	PolicyNames []string `empty:"kept"`
	spell.Listed
}

// listInline is that of ListRolePolicies and the like.
func listInline[In paged](a api) func(context.Context, *In) (*InlinesOutput, error) {
	return func(ctx context.Context, in *In) (*InlinesOutput, error) {
		k, name := (*in).whose()
		e, err := a.Get(spell.Caller(ctx), "List"+k.Op+"Policies", k, name)
		if err != nil {
			return nil, err
		}
		names, listed, err := clip(e.PolicyNames(), itself, (*in).Asked())
		return &InlinesOutput{names, listed}, err
	}
}

type paged interface {
	whose
	Asked() spell.Page
}

type attachment interface {
	whose
	policy() string
}

// attach is that of AttachRolePolicy and the like.
func attach[In attachment](a api) func(context.Context, *In) (*wire.None, error) {
	return func(ctx context.Context, in *In) (*wire.None, error) {
		k, name := (*in).whose()
		return nil, a.Attach(ctx, spell.Caller(ctx), k, name, (*in).policy())
	}
}

// detach is that of DetachRolePolicy and the like.
func detach[In attachment](a api) func(context.Context, *In) (*wire.None, error) {
	return func(ctx context.Context, in *In) (*wire.None, error) {
		k, name := (*in).whose()
		return nil, a.Detach(ctx, spell.Caller(ctx), k, name, (*in).policy())
	}
}

// AttachedOutput is the output of ListAttachedRolePolicies and the like.
type AttachedOutput struct {
	AttachedPolicies []AttachedPolicy `json:",omitempty"`
	spell.Listed
}

// listAttached is that of ListAttachedRolePolicies and the like.
func listAttached[In interface {
	paged
	onPath() string
}](a api) func(context.Context, *In) (*AttachedOutput, error) {
	return func(ctx context.Context, in *In) (*AttachedOutput, error) {
		k, name := (*in).whose()
		e, err := a.Get(spell.Caller(ctx), "ListAttached"+k.Op+"Policies", k, name)
		if err != nil {
			return nil, err
		}
		all, listed, err := clip(attached(e, (*in).onPath()), func(p AttachedPolicy) string { return p.PolicyArn }, (*in).Asked())
		return &AttachedOutput{all, listed}, err
	}
}

// putBoundary is that of PutRolePermissionsBoundary and the like.
func putBoundary[In interface {
	whose
	boundary() string
}](a api) func(context.Context, *In) (*wire.None, error) {
	return func(ctx context.Context, in *In) (*wire.None, error) {
		k, name := (*in).whose()
		return nil, a.SetBoundary(ctx, spell.Caller(ctx), k, name, (*in).boundary())
	}
}

// deleteBoundary is that of DeleteRolePermissionsBoundary and the like.
func deleteBoundary[In whose](a api) func(context.Context, *In) (*wire.None, error) {
	return func(ctx context.Context, in *In) (*wire.None, error) {
		k, name := (*in).whose()
		return nil, a.SetBoundary(ctx, spell.Caller(ctx), k, name, "")
	}
}

// tag is that of TagRole and the like.
func tag[In interface {
	whose
	tags() []directory.Tag
}](a api) func(context.Context, *In) (*wire.None, error) {
	return func(ctx context.Context, in *In) (*wire.None, error) {
		k, name := (*in).whose()
		return nil, a.Tag(ctx, spell.Caller(ctx), k, name, (*in).tags())
	}
}

// untag is that of UntagRole and the like.
func untag[In interface {
	whose
	tagKeys() []string
}](a api) func(context.Context, *In) (*wire.None, error) {
	return func(ctx context.Context, in *In) (*wire.None, error) {
		k, name := (*in).whose()
		return nil, a.Untag(ctx, spell.Caller(ctx), k, name, (*in).tagKeys())
	}
}

// TagsOutput is the output of ListRoleTags and the like.
type TagsOutput struct {
	Tags []spell.Tag `empty:"kept"`
	spell.Listed
}

// listTags is that of ListRoleTags and the like.
func listTags[In paged](a api) func(context.Context, *In) (*TagsOutput, error) {
	return func(ctx context.Context, in *In) (*TagsOutput, error) {
		k, name := (*in).whose()
		e, err := a.Get(spell.Caller(ctx), "List"+k.Op+"Tags", k, name)
		if err != nil {
			return nil, err
		}
		tags, listed, err := clip(spell.ShowTags(e.Tags), tagName, (*in).Asked())
		return &TagsOutput{tags, listed}, err
	}
}
