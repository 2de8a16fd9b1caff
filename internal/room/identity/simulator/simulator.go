package simulator

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/policy"
)

// A Source is a policy, and what it is called in answers.
type Source struct {
	ID, Text string
	Document *policy.Document
}

// A Simulation is what would be asked of which policies.
type Simulation struct {
	// Principal is who would ask, and Context the condition keys of the request.
	Principal policy.Principal
	Context   map[string][]string
	// Identity are the policies of who asks; Boundary is what they can allow at most,
	// and Resource the policy of all resources; both may be nil.
	Identity           []Source
	Boundary, Resource *Source
	// Owner is the account of resources whose ARN names none.
	Owner string
	// Actions are asked for on each of Resources; all of them for "*" alone.
	Actions, Resources []string
}

// A Match is a statement that decided, and where it stands.
type Match struct {
	Policy, Type string
	policy.Place
}

// A Result is what is decided about an action, on all resources or on one.
type Result struct {
	Action, Resource, Decision string
	Matched                    []Match
	Missing                    []string
	// Details are what each kind of policy says, across accounts.
	Details map[string]string
	// Bounded is whether the boundary allows it, nil without one.
	Bounded *bool
	// On are the results by resource, none where no resource was named.
	On []Result
}

// The bounds on what one call may ask for. A page takes up to a second: it ends
// after the action that took the last of its steps.
const (
	maxResources = 1000
	maxKeys      = 1000
	pageSteps    = 16 << 20
	defaultPage  = 100
)

// Run returns a page of results, one for each action, and the token of the next.
func (s *Simulation) Run(token string, limit int) (results []Result, next string, err error) {
	from, err := s.start(token)
	if err != nil {
		return nil, "", err
	}
	if err := s.check(); err != nil {
		return nil, "", err
	}
	if limit == 0 {
		limit = defaultPage
	}
	r := &run{Simulation: s, places: map[*policy.Document][]policy.Place{}}
	left := pageSteps
	for i := from; i < len(s.Actions); i++ {
		if i == from+limit {
			return results, page.Encode(strconv.Itoa(i)), nil
		}
		result, ok := r.result(s.Actions[i], &left)
		switch {
		case ok:
			results = append(results, result)
		case i == from:
			return nil, "", fault.Invalid("It would take too long to say what these policies decide about %s; ask about fewer resources at once.", s.Actions[i]).WithCode("InvalidInput")
		default:
			return results, page.Encode(strconv.Itoa(i)), nil
		}
	}
	return results, "", nil
}

// start is the number of the action that a page begins with.
func (s *Simulation) start(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	key, err := page.Decode(token)
	n, wrong := strconv.Atoi(key)
	if err != nil || wrong != nil || n < 0 || n >= len(s.Actions) {
		return 0, invalid("The Marker is none that this call gave; ask without one to begin anew.")
	}
	return n, nil
}

func invalid(format string, args ...any) error {
	return fault.Invalid(format, args...).WithCode("InvalidInput")
}

// check says what is wrong with what is asked.
func (s *Simulation) check() error {
	for _, action := range s.Actions {
		service, name, ok := strings.Cut(action, ":")
		if !ok || service == "" || name == "" || strings.ContainsAny(action, "*?") {
			return invalid("ActionNames has %s; want actions with their service and without wildcards, such as s3:GetObject.", action)
		}
	}
	if len(s.Resources) == 0 {
		s.Resources = []string{"*"}
	}
	for _, resource := range s.Resources {
		if _, err := arn.Parse(resource); err != nil && (resource != "*" || len(s.Resources) > 1) {
			return invalid("ResourceNames are not in a valid ARN format: %s.", resource)
		}
	}
	switch {
	case len(s.Resources) > maxResources:
		return invalid("ResourceArns has %d ARNs; dari takes up to %d at once.", len(s.Resources), maxResources)
	case len(s.Context) > maxKeys:
		return invalid("ContextEntries has %d keys; dari takes up to %d at once.", len(s.Context), maxKeys)
	case s.Resource != nil && s.Resources[0] == "*":
		return invalid("Invalid Entity Arn: * does not clearly define entity type and name. A ResourcePolicy needs ResourceArns.")
	}
	return nil
}

// A run is a simulation that is being carried out.
type run struct {
	*Simulation
	// places are where the statements of documents stand that were asked for.
	places map[*policy.Document][]policy.Place
}

// result is what is decided about an action. It is not done when the steps are used up.
func (r *run) result(action string, left *int) (Result, bool) {
	all := Result{Action: action, Resource: "*", Decision: allowed, Details: map[string]string{}}
	if len(r.Resources) == 1 {
		all.Resource = r.Resources[0]
	}
	for _, resource := range r.Resources {
		one, ok := r.decide(action, resource, left)
		if !ok {
			return Result{}, false
		}
		all.On = append(all.On, one)
	}
	all.gather()
	if r.Resources[0] == "*" {
		all.On = nil
	}
	return all, true
}

// gather puts together what was decided about each resource: of decisions the most
// restrictive, and all statements that led to it.
func (all *Result) gather() {
	seen, missed := map[Match]bool{}, map[string]bool{}
	for _, one := range all.On {
		all.Decision = stricter(all.Decision, one.Decision)
		if one.Bounded != nil && (all.Bounded == nil || !*one.Bounded) {
			all.Bounded = one.Bounded
		}
		for kind, decision := range one.Details {
			all.Details[kind] = stricter(all.Details[kind], decision)
		}
		for _, key := range one.Missing {
			missed[key] = true
		}
	}
	all.Missing = slices.Sorted(maps.Keys(missed))
	for _, one := range all.On {
		for _, m := range one.Matched {
			if one.Decision == all.Decision && all.Decision != implicitDeny && !seen[m] {
				seen[m] = true
				all.Matched = append(all.Matched, m)
			}
		}
	}
}

// stricter is the more restrictive of two decisions.
func stricter(a, b string) string {
	if a == explicitDeny || b == allowed && a != "" {
		return a
	}
	return b
}

// The decisions, in AWS's words, and what it calls the kinds of policies.
const (
	allowed, explicitDeny, implicitDeny = "allowed", "explicitDeny", "implicitDeny"

	identityType, resourceType, boundaryType = "IAM Policy", "Resource Policy", "Permissions Boundary Policy"
)

func word(v policy.Verdict) string {
	return [...]string{policy.NotCovered: implicitDeny, policy.Allowed: allowed, policy.Denied: explicitDeny}[v]
}

// decide is what is decided about an action on a resource.
func (r *run) decide(action, resource string, left *int) (Result, bool) {
	p := policy.Policies{Identity: documents(r.Identity), Trust: r.Resource != nil && isAssumption(action)}
	if r.Boundary != nil {
		p.Boundary = []*policy.Document{r.Boundary.Document}
	}
	if r.Resource != nil {
		p.Resource = r.Resource.Document
		p.Foreign = r.Principal.Account != r.owner(resource)
	}
	e, ok := p.Explain(policy.Request{Principal: r.Principal, Action: action, Resource: resource, Context: r.Context}, left)
	if !ok {
		return Result{}, false
	}
	result := Result{Action: action, Resource: resource, Decision: word(e.Verdict), Missing: slices.Sorted(slices.Values(e.Missing))}
	add := func(kind string, sources []Source, f policy.Finding) {
		if e.Verdict == policy.Denied && f.Verdict != policy.Denied {
			return // what allows is of no account
		}
		for _, found := range f.All {
			result.Matched = append(result.Matched, Match{sources[found.Document].ID, kind, r.place(&sources[found.Document], found.Statement)})
		}
	}
	if r.Resource != nil {
		add(resourceType, []Source{*r.Resource}, e.Resource)
	}
	add(identityType, r.Identity, e.Identity)
	if r.Boundary != nil {
		if e.Boundary.Verdict == policy.Denied {
			add(boundaryType, []Source{*r.Boundary}, e.Boundary)
		}
		bounded := e.Boundary.Verdict == policy.Allowed
		result.Bounded = &bounded
	}
	if p.Foreign {
		result.Details = map[string]string{identityType: word(e.Identity.Verdict), resourceType: word(e.Resource.Verdict)}
		if r.Boundary != nil {
			result.Details[boundaryType] = word(e.Boundary.Verdict)
		}
	}
	return result, true
}

func documents(sources []Source) (all []*policy.Document) {
	for _, s := range sources {
		all = append(all, s.Document)
	}
	return all
}

// isAssumption says whether an action is one that a trust policy decides, which then
// has to allow it by itself.
func isAssumption(action string) bool {
	return strings.HasPrefix(strings.ToLower(action), "sts:assumerole")
}

// owner is the account that a resource belongs to.
func (s *Simulation) owner(resource string) string {
	if a, err := arn.Parse(resource); err == nil && a.Account != "" {
		return a.Account
	}
	return s.Owner
}

// place is where a statement stands in its policy.
func (r *run) place(s *Source, statement *policy.Statement) policy.Place {
	places, ok := r.places[s.Document]
	if !ok {
		places = policy.Places(s.Text)
		r.places[s.Document] = places
	}
	return places[statement.Number-1]
}

// Keys returns the condition keys that policies ask for, each once.
func Keys(sources []Source) (keys []string) {
	seen := map[string]bool{}
	for _, d := range documents(sources) {
		if d == nil {
			continue
		}
		for _, s := range d.Statements {
			for _, key := range s.Keys {
				if folded := strings.ToLower(key); !seen[folded] {
					seen[folded] = true
					keys = append(keys, key)
				}
			}
		}
	}
	return keys
}
