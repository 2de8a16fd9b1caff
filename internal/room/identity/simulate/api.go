package simulate

import (
	"context"
	"fmt"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/simulator"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// A Directory knows who there is, and who may ask about them.
type Directory interface {
	Ask(by access.Caller, action, resource string, keys map[string][]string) error
	Subject(by access.Caller, op, entityARN string) (*directory.Subject, error)
}

type api struct{ Directory }

// Rows are the operations that ask what policies decide.
func Rows(d Directory) []wire.Operation {
	a := api{d}
	return []wire.Operation{
		wire.Op("GetContextKeysForCustomPolicy", a.GetContextKeysForCustomPolicy).Reads(),
		wire.Op("GetContextKeysForPrincipalPolicy", a.GetContextKeysForPrincipalPolicy).Reads(),
		wire.Op("SimulateCustomPolicy", a.SimulateCustomPolicy).Reads(),
		wire.Op("SimulatePrincipalPolicy", a.SimulatePrincipalPolicy).Reads(),
	}
}

// Asked is what both simulators are asked.
type Asked struct {
	ActionNames                        []string
	ResourceArns                       []string
	PermissionsBoundaryPolicyInputList []string
	ResourcePolicy                     *string
	ResourceOwner                      *string
	CallerArn                          *string
	ContextEntries                     []ContextEntry
	ResourceHandlingOption             *string
	spell.Page
}

// ContextEntry is a condition key of the request that is simulated.
type ContextEntry struct {
	ContextKeyName   *string
	ContextKeyValues []string
	ContextKeyType   *string
}

// SimulateCustomPolicyInput is the input of SimulateCustomPolicy.
type SimulateCustomPolicyInput struct {
	Asked
	PolicyInputList                    []string
	OrderedOrganizationPolicyInputList []OrganizationPolicies
}

// OrganizationPolicies are the policies of a level of an organisation.
type OrganizationPolicies struct {
	ServiceControlPolicyInputList []string
}

// SimulatePrincipalPolicyInput is the input of SimulatePrincipalPolicy.
type SimulatePrincipalPolicyInput struct {
	Asked
	PolicySourceArn     *string
	PolicyInputList     []string
	PolicyExclusionList []PolicyIdentifier
}

// PolicyIdentifier names policies that a simulation is to leave out.
type PolicyIdentifier struct {
	PolicyType, PolicyArn  *string
	InlinePolicyIdentifier *InlinePolicyIdentifier
}

// InlinePolicyIdentifier names inline policies.
type InlinePolicyIdentifier struct {
	PolicyName, AttachmentType, AttachmentName *string
}

// SimulateOutput is the output of both simulators.
type SimulateOutput struct {
	EvaluationResults []EvaluationResult `empty:"kept"`
	spell.Listed
}

// EvaluationResult is what is decided about an action.
type EvaluationResult struct {
	EvalActionName                    string
	EvalResourceName                  string
	EvalDecision                      string
	MatchedStatements                 []MatchedStatement `empty:"kept"`
	MissingContextValues              []string           `empty:"kept"`
	OrganizationsDecisionDetail       *OrganizationsDecision
	PermissionsBoundaryDecisionDetail *BoundaryDecision
	EvalDecisionDetails               map[string]string  `json:",omitempty"`
	ResourceSpecificResults           []ResourceDecision `json:",omitempty"`
}

// ResourceDecision is what is decided about an action on a resource.
type ResourceDecision struct {
	EvalResourceName                  string
	EvalResourceDecision              string
	MatchedStatements                 []MatchedStatement `empty:"kept"`
	MissingContextValues              []string           `empty:"kept"`
	EvalDecisionDetails               map[string]string  `json:",omitempty"`
	PermissionsBoundaryDecisionDetail *BoundaryDecision
}

// MatchedStatement is a statement that decided, and where it stands.
type MatchedStatement struct {
	SourcePolicyId   string
	SourcePolicyType string
	StartPosition    *TextPosition
	EndPosition      *TextPosition
}

// TextPosition is a place in a document.
type TextPosition struct{ Line, Column int }

// OrganizationsDecision says what organisations allow.
type OrganizationsDecision struct{ AllowedByOrganizations bool }

// BoundaryDecision says what a permissions boundary allows.
type BoundaryDecision struct{ AllowedByPermissionsBoundary bool }

// SimulateCustomPolicy says what policies would decide that are given.
func (a api) SimulateCustomPolicy(ctx context.Context, in *SimulateCustomPolicyInput) (*SimulateOutput, error) {
	c := spell.Caller(ctx)
	if err := a.Ask(c, "iam:SimulateCustomPolicy", "*", nil); err != nil {
		return nil, err
	}
	if len(in.OrderedOrganizationPolicyInputList) > 0 {
		return nil, spell.Refused("OrderedOrganizationPolicyInputList is not offered: there are no organisations.")
	}
	s := &simulator.Simulation{Principal: policy.Principal{Account: c.Account}, Context: map[string][]string{}}
	return run(s, &in.Asked, in.PolicyInputList)
}

// SimulatePrincipalPolicy says what the policies of somebody would decide.
func (a api) SimulatePrincipalPolicy(ctx context.Context, in *SimulatePrincipalPolicyInput) (*SimulateOutput, error) {
	who, err := a.Subject(spell.Caller(ctx), "SimulatePrincipalPolicy", *in.PolicySourceArn)
	switch {
	case err != nil:
		return nil, err
	case len(in.PolicyExclusionList) > 0:
		return nil, spell.Refused("PolicyExclusionList is not offered; give SimulateCustomPolicy the policies that are to stay.")
	}
	s := &simulator.Simulation{
		Principal: who.Principal(spell.Caller(ctx).Account), Context: who.Keys(), Identity: who.Policies, Boundary: who.Boundary,
	}
	asked := in.Asked // what was sent stays as it is, for the trail
	if asked.CallerArn == nil && who.Kind == directory.User.Name {
		asked.CallerArn = &who.ARN
	}
	out, err := run(s, &asked, in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	for i := range out.EvaluationResults {
		out.EvaluationResults[i].OrganizationsDecisionDetail = &OrganizationsDecision{true}
	}
	return out, nil
}

func run(s *simulator.Simulation, in *Asked, policies []string) (*SimulateOutput, error) {
	if in.ResourceHandlingOption != nil {
		return nil, spell.Refused("ResourceHandlingOption is not offered: there is no EC2.")
	}
	if err := fill(s, in, policies); err != nil {
		return nil, err
	}
	results, next, err := s.Run(wire.Val(in.Marker), wire.Val(in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &SimulateOutput{Listed: spell.More(next)}
	for _, r := range results {
		one := EvaluationResult{
			EvalActionName: r.Action, EvalResourceName: r.Resource, EvalDecision: r.Decision, MatchedStatements: matched(r.Matched),
			MissingContextValues: r.Missing, PermissionsBoundaryDecisionDetail: bounded(r.Bounded), EvalDecisionDetails: r.Details,
		}
		for _, on := range r.On {
			one.ResourceSpecificResults = append(one.ResourceSpecificResults, ResourceDecision{
				on.Resource, on.Decision, matched(on.Matched), on.Missing, on.Details, bounded(on.Bounded),
			})
		}
		out.EvaluationResults = append(out.EvaluationResults, one)
	}
	return out, nil
}

func matched(matches []simulator.Match) (all []MatchedStatement) {
	for _, m := range matches {
		start, end := TextPosition(m.Start), TextPosition(m.End)
		all = append(all, MatchedStatement{m.Policy, m.Type, &start, &end})
	}
	return all
}

func bounded(is *bool) *BoundaryDecision {
	if is == nil {
		return nil
	}
	return &BoundaryDecision{*is}
}

// fill puts what is asked into a simulation.
func fill(s *simulator.Simulation, in *Asked, policies []string) error {
	given, err := sources("PolicyInputList", policies)
	if err != nil {
		return err
	}
	s.Identity = append(s.Identity, given...)
	boundaries, err := sources("PermissionsBoundaryPolicyInputList", in.PermissionsBoundaryPolicyInputList)
	switch {
	case err != nil:
		return err
	case len(boundaries) > 1:
		return wrong("The list of Permissions Boundary policies cannot exceed 1 items.")
	case len(boundaries) == 1:
		s.Boundary = &boundaries[0]
	}
	s.Actions, s.Resources = in.ActionNames, in.ResourceArns
	if err := callAs(s, wire.Val(in.CallerArn)); err != nil {
		return err
	}
	if err := withResource(s, in); err != nil {
		return err
	}
	return withKeys(s, in.ContextEntries)
}

func wrong(format string, args ...any) error {
	return fault.Invalid(format, args...).WithCode("InvalidInput")
}

// sources reads policies of identities that are given.
func sources(list string, texts []string) (all []simulator.Source, err error) {
	for i, text := range texts {
		s := simulator.Source{ID: fmt.Sprintf("%s.%d", list, i+1), Text: text}
		if s.Document, err = policy.ParseIdentity(text); err != nil {
			return nil, wrong("%s: %v.", s.ID, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// callAs makes a user the caller of a simulation.
func callAs(s *simulator.Simulation, user string) error {
	if user == "" {
		return nil
	}
	a, err := arn.Parse(user)
	if err != nil || a.Service != "iam" || !access.IsAccount(a.Account) || !strings.HasPrefix(a.Resource, "user/") {
		return wrong("Invalid caller - CallerArn must be the ARN of an IAM user, and %s is none.", user)
	}
	if s.Principal.ARN != user { // whose tags and id are their own
		s.Principal, s.Context = policy.Principal{Account: a.Account, ARN: user}, map[string][]string{}
	}
	s.Context["aws:username"] = []string{a.Resource[strings.LastIndexByte(a.Resource, '/')+1:]}
	return nil
}

// withResource takes the policy of the resources and their owner.
func withResource(s *simulator.Simulation, in *Asked) (err error) {
	s.Owner = s.Principal.Account
	if owner := wire.Val(in.ResourceOwner); owner != "" {
		a, err := arn.Parse(owner)
		if err != nil || a.Service != "iam" || !access.IsAccount(a.Account) {
			return wrong("'%s' is not a valid as a Resource Owner. Want the ARN of an account, such as arn:aws:iam::123456789012:root.", owner)
		}
		s.Owner = a.Account
	}
	if in.ResourcePolicy == nil {
		return nil
	}
	if in.CallerArn == nil {
		return wrong("Invalid caller - Caller cannot be null or empty. A ResourcePolicy needs the CallerArn of a user.")
	}
	s.Resource = &simulator.Source{ID: "ResourcePolicy", Text: *in.ResourcePolicy}
	if s.Resource.Document, err = policy.ParseResource(*in.ResourcePolicy); err == nil {
		return nil
	}
	trust, notTrust := policy.ParseTrust(*in.ResourcePolicy)
	if notTrust != nil {
		return wrong("ResourcePolicy: %v.", err)
	}
	s.Resource.Document = trust
	return nil
}

// withKeys takes the condition keys, which count before those that the caller has.
func withKeys(s *simulator.Simulation, entries []ContextEntry) error {
	seen := map[string]bool{}
	for _, e := range entries {
		name, kind := wire.Val(e.ContextKeyName), wire.Val(e.ContextKeyType)
		list := strings.HasSuffix(kind, "List")
		switch {
		case name == "" || kind == "":
			return wrong("ContextEntries: an entry needs a ContextKeyName and a ContextKeyType.")
		case seen[strings.ToLower(name)]:
			return wrong("ContextEntries: the key %s is there twice.", name)
		case !list && len(e.ContextKeyValues) > 1:
			return wrong("ContextEntries: the key %s has %d values; a %s has one, and a %[3]sList several.", name, len(e.ContextKeyValues), kind)
		}
		seen[strings.ToLower(name)] = true
		for _, v := range e.ContextKeyValues {
			if err := policy.CheckValue(strings.TrimSuffix(kind, "List"), v); err != nil {
				return wrong("ContextEntries: %s: %v.", name, err)
			}
		}
		for own := range s.Context {
			if strings.EqualFold(own, name) {
				delete(s.Context, own)
			}
		}
		s.Context[name] = e.ContextKeyValues
	}
	return nil
}

// GetContextKeysForCustomPolicyInput is the input of GetContextKeysForCustomPolicy.
type GetContextKeysForCustomPolicyInput struct {
	PolicyInputList []string
}

// GetContextKeysForPrincipalPolicyInput is the input of GetContextKeysForPrincipalPolicy.
type GetContextKeysForPrincipalPolicyInput struct {
	PolicySourceArn *string
	PolicyInputList []string
}

// ContextKeysOutput lists condition keys.
type ContextKeysOutput struct {
	ContextKeyNames []string `empty:"kept"`
}

// GetContextKeysForCustomPolicy lists the condition keys that policies ask for.
func (a api) GetContextKeysForCustomPolicy(ctx context.Context, in *GetContextKeysForCustomPolicyInput) (*ContextKeysOutput, error) {
	if err := a.Ask(spell.Caller(ctx), "iam:GetContextKeysForCustomPolicy", "*", nil); err != nil {
		return nil, err
	}
	given, err := sources("PolicyInputList", in.PolicyInputList)
	return &ContextKeysOutput{simulator.Keys(given)}, err
}

// GetContextKeysForPrincipalPolicy lists those that the policies of somebody ask for.
func (a api) GetContextKeysForPrincipalPolicy(ctx context.Context, in *GetContextKeysForPrincipalPolicyInput) (*ContextKeysOutput, error) {
	who, err := a.Subject(spell.Caller(ctx), "GetContextKeysForPrincipalPolicy", *in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	given, err := sources("PolicyInputList", in.PolicyInputList)
	return &ContextKeysOutput{simulator.Keys(append(who.Policies, given...))}, err
}
