package identity

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/simulate"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

type api struct{ *Service }

// API returns the service as AWS IAM: its names and its table, for [wire.NewHandler].
func API(s *Service) *wire.Service {
	a := api{s}
	return &wire.Service{
		Name:      "iam",
		Title:     "AWS Identity and Access Management",
		Version:   "2010-05-08",
		Namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
		Protocols: []wire.Protocol{wire.Query},
		Error:     spell.Error,
		Limits:    allLimits(),
		Quotas: []string{
			"An account has 1,000 roles, 5,000 users, 300 groups, 1,000 instance profiles and 1,500 managed policies.",
			"Each role, user and group has ten managed policies, and inline policies of 10,240, 2,048 and 5,120 characters in all, white space not counted.",
			"A managed policy has 6,144 characters and five versions, a trust policy 2,048 characters, whatever it is 50 tags. A user is in ten groups and has two access keys.",
			"Beyond AWS's: white space in a policy is free up to three times the rest, and all that an account has takes 64 MiB at most; without keys all accounts but that of `-account` have 64 MiB together.",
			"A simulation takes 1,000 resources and 1,000 condition keys; what would take more than about a second goes onto the next page.",
		},
		Deviations: []string{
			"Of the policies that AWS manages there are those that people attach most, with the one version of each that counts; their unique ids are not AWS's.",
			"The root of an account is whoever signs with a key of the server, and may do everything in its account. Users and sessions are always held to their policies.",
			"A policy with an element, an operator or a principal that dari does not know is refused, rather than kept and not judged. Roles and users that a policy names need not exist.",
			"A trust policy means the roles and users that are there when it is set, and no later ones of the same name, as at AWS; it is shown as it was written. Policies of queues, buses and log groups go by names.",
			"In one account a resource's policy that names everybody allows in the place of the identity's own, and does not lift a boundary or a session's policies.",
			"`aws:SecureTransport`, `aws:ResourceTag` outside of IAM and the keys of organisations are never there.",
			"A role does not know when it was used last.",
			"Users have access keys only. The lists of their passwords, second factors, certificates, SSH keys and credentials of services are there, and empty.",
			"The role of a service is made without the policies that AWS gives it, and may be deleted at any time.",
			"The simulators ask the engine that judges real calls, and take the ResourcePolicy of sts:AssumeRole for the trust policy, which has to allow; AWS's leave it out there. Without one they ask the caller's own policies alone, as AWS's do.",
			"Of several resources together EvalResourceName is `*`: dari knows no formats of ARNs by action.",
			"ResourceHandlingOption, PolicyExclusionList and the policies of organisations are refused.",
		},
		Operations: slices.Concat(
			a.roles(), a.users(), a.accessKeys(), a.groups(), a.profiles(), a.policies(), a.account(), a.linked(), a.nothing(), simulate.Rows(s), refused(),
		),
	}
}

func allLimits() wire.Limits {
	all := maps.Clone(limits)
	maps.Copy(all, simulate.Limits)
	return all
}

// escaped spells a document as IAM's answers do.
func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

func boundary(e *directory.Entity) *BoundaryDetail {
	if e.Boundary == "" {
		return nil
	}
	return &BoundaryDetail{"Policy", e.Boundary}
}

// prefix is what paths begin with, if nothing is said.
func prefix(given *string) string {
	if given == nil {
		return "/"
	}
	return *given
}

// clip returns a page of rows in the order of their keys.
func clip[T any](rows []T, key func(T) string, p spell.Page) ([]T, spell.Listed, error) {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	rows, next, err := page.Clip(rows, key, wire.Val(p.Marker), wire.Val(p.MaxItems))
	return rows, spell.More(next), err
}

func itself(s string) string                { return s }
func entityName(e *directory.Entity) string { return strings.ToLower(e.Name) }
func tagName(t spell.Tag) string            { return *t.Key }

// attached are the managed policies of somebody that are on a path.
func attached(e *directory.Entity, path string) (all []AttachedPolicy) {
	for _, arn := range e.Attached {
		_, resource, _ := strings.Cut(arn, ":policy")
		if strings.HasPrefix(resource, path) {
			all = append(all, AttachedPolicy{resource[strings.LastIndexByte(resource, '/')+1:], arn})
		}
	}
	return all
}
