package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/identity/issuer"
)

// A Grant is what a session is told of itself: its credentials, and who it is.
type Grant struct {
	KeyID, Secret, Token string
	Expires              time.Time
	// ARN and ID are those of the session of a role, and Source is its source identity.
	ARN, ID, Source string
	// Packed is how much of the room for policies and tags is used, in per cent.
	Packed int
}

// An Assumption is what AssumeRole is asked for.
type Assumption struct {
	Role, Session, ExternalID, Source string
	// Policy is a session policy, and PolicyARNs are managed ones.
	Policy     string
	PolicyARNs []string
	Tags       []Tag
	Transitive []string
	Duration   time.Duration
}

const (
	maxPacked      = 2048
	maxChained     = time.Hour
	maxSessionARNs = 10
)

// Assume makes a session of a role for who may have one.
func (d *Directory) Assume(by access.Caller, w Assumption) (*Grant, error) {
	a, err := arn.Parse(w.Role)
	if err != nil || a.Service != "iam" || !access.IsAccount(a.Account) || !strings.HasPrefix(a.Resource, "role/") {
		return nil, invalid("%s is invalid", w.Role)
	}
	role := d.role(w.Role)
	if w.Tags, err = passTags(by.Identity, w.Tags); err != nil {
		return nil, err
	}
	if by.Identity != nil {
		if w.Source, err = passSource(by.Identity.Source, w.Source); err != nil {
			return nil, err
		}
		w.Transitive = slices.Concat(w.Transitive, by.Identity.Transitive)
		slices.Sort(w.Transitive)
		w.Transitive = slices.Compact(w.Transitive)
	}
	if err := d.mayAssume(by, &w, a.Account, role); err != nil {
		return nil, err
	}
	packed, err := d.checkSession(a.Account, &w)
	if err != nil {
		return nil, err
	}
	switch {
	case w.Duration > maxChained && by.Identity != nil && by.Identity.Temporary:
		return nil, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case w.Duration > time.Duration(role.MaxSession)*time.Second:
		return nil, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	g, err := d.assumed(role, a, w)
	if g != nil {
		g.Packed = packed
	}
	return g, err
}

func invalid(format string, args ...any) error {
	return fault.Invalid(format, args...).WithCode("ValidationError")
}

// mayAssume asks the trust policy of a role, nil for one that is not there, and
// the policies of the caller.
func (d *Directory) mayAssume(by access.Caller, w *Assumption, owner string, role *Entity) error {
	if by.Identity == nil {
		if err := d.boundary.Allow(access.Own(by, "sts:AssumeRole", w.Role)); err != nil {
			return err
		}
	}
	actions := []string{"sts:AssumeRole"}
	if len(w.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if w.Source != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	keys := tagKeys(w.Tags)
	for name, value := range map[string]string{"sts:ExternalId": w.ExternalID, "sts:RoleSessionName": w.Session, "sts:SourceIdentity": w.Source} {
		if value != "" {
			keys[name] = []string{value}
		}
	}
	if len(w.Transitive) > 0 {
		keys["sts:TransitiveTagKeys"] = w.Transitive
	}
	p := d.policiesOf(by)
	p.Trust, p.Foreign = true, by.Account != owner
	if role != nil {
		p.Resource = role.trust
		keys = about(role.Tags, keys)
	}
	for _, action := range actions {
		ask := access.Ask{Caller: by, Action: action, Resource: w.Role, Owner: owner, Keys: keys}
		if err := d.judge(&ask, p); err != nil {
			return err
		}
	}
	return nil
}

// passSource is the source identity of a session that another one with a source
// identity makes: who has one keeps it, through all roles.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
func passSource(before, asked string) (string, error) {
	if before == "" {
		return asked, nil
	}
	if asked != "" && asked != before {
		return "", fault.Denied("The source identity of the calling session is %s, and stays that in the sessions that it makes. Leave out SourceIdentity, or give the same.", before).WithCode("AccessDenied")
	}
	return before, nil
}

// passTags adds what goes on from the session before.
func passTags(from *access.Identity, tags []Tag) ([]Tag, error) {
	if from == nil {
		return withTags(nil, tags)
	}
	var passed []Tag
	for _, key := range from.Transitive {
		if slices.ContainsFunc(tags, func(t Tag) bool { return strings.EqualFold(t.Key, key) }) {
			return nil, invalid("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
		passed = append(passed, Tag{key, from.Tags[key]})
	}
	return withTags(passed, tags)
}

// checkSession checks what a session is to have of its own, and says how much of
// the room for it that takes, in per cent.
func (d *Directory) checkSession(account string, w *Assumption) (packed int, err error) {
	size := len(w.Policy)
	if w.Policy != "" {
		if _, err := parseIdentity(w.Policy); err != nil {
			return 0, err
		}
	}
	for _, a := range w.PolicyARNs {
		if d.managed(account, a) == nil {
			return 0, invalid("The policy %s does not exist; a session can have managed policies of the role's account and of AWS's.", a)
		}
		size += len(a)
	}
	for _, t := range w.Tags {
		size += len(t.Key) + len(t.Value)
	}
	for _, key := range w.Transitive {
		if !slices.ContainsFunc(w.Tags, func(t Tag) bool { return t.Key == key }) {
			return 0, invalid("The specified transitive tag key must be included in the requested tags.")
		}
	}
	switch packed = (size*100 + maxPacked - 1) / maxPacked; {
	case len(w.PolicyARNs) > maxSessionARNs:
		return 0, invalid("A session can have up to %d managed policies.", maxSessionARNs)
	case packed > 100:
		return 0, fault.Invalid("Packed policy consumes %d%% of allotted space, please use smaller policy.", packed).WithCode("PackedPolicyTooLarge")
	}
	return packed, nil
}

// assumed makes the session.
func (d *Directory) assumed(role *Entity, a arn.ARN, w Assumption) (*Grant, error) {
	s := &issuer.Session{
		Account:   a.Account,
		Principal: sessionARN(a, role.Name, w.Session),
		Identity: access.Identity{
			ID: role.ID + ":" + w.Session, Role: role.ARN, PolicyARNs: w.PolicyARNs, Source: w.Source, Tags: map[string]string{},
		},
	}
	if w.Policy != "" {
		s.Identity.Policies = []string{w.Policy}
	}
	for _, t := range w.Tags {
		s.Identity.Tags[t.Key] = t.Value
	}
	s.Identity.Transitive = w.Transitive
	return d.grant(s, w.Duration)
}

// grant makes the credentials of a session.
func (d *Directory) grant(s *issuer.Session, duration time.Duration) (*Grant, error) {
	s.Identity.Temporary, s.Identity.Issued = true, now()
	s.Identity.Expires = s.Identity.Issued.Add(duration)
	g := &Grant{KeyID: d.issuer.NewID(issuer.Temporary), Expires: s.Identity.Expires, ARN: s.Principal, ID: s.Identity.ID, Source: s.Identity.Source}
	g.Secret = d.issuer.Secret(g.KeyID)
	var err error
	g.Token, err = d.issuer.Token(g.KeyID, s)
	return g, err
}

// Lend makes a session of a user, or of the root of an account.
func (d *Directory) Lend(by access.Caller, duration time.Duration) (*Grant, error) {
	s := &issuer.Session{Account: by.Account, Principal: by.Principal, Identity: access.Identity{ID: by.Account}}
	switch id := by.Identity; {
	case id == nil:
		if err := d.boundary.Allow(access.Own(by, "sts:GetSessionToken", "*")); err != nil {
			return nil, err
		}
	case id.Temporary:
		return nil, fault.Denied("Cannot call GetSessionToken with session credentials").WithCode("AccessDenied")
	default:
		s.Identity = access.Identity{ID: id.ID, User: id.User}
	}
	return d.grant(s, duration)
}
