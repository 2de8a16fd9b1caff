package cli

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// errRefused makes `dari why -can` exit with 1, so that scripts can ask.
var errRefused = errors.New("refused")

// why asks a server for its reasons. So far there is one sort: what policies decide.
func why(ctx context.Context, fs *flag.FlagSet, args []string, s streams) error {
	var c client
	c.register(fs)
	can := fs.Bool("can", false, "say whether a user, a group or a role may do something, and which statements of its policies decide that")
	if err := parse(fs, args); err != nil {
		return err
	}
	if !*can || fs.NArg() < 2 || fs.NArg() > 3 {
		return usageError{"want -can, the ARN of a user, a group or a role, an action such as sqs:SendMessage, and the ARN of a resource"}
	}
	d, err := c.simulate(ctx, fs.Arg(0), fs.Arg(1), cmp.Or(fs.Arg(2), "*"))
	if err != nil {
		return err
	}
	d.print(s.out, fs.Arg(0))
	if d.Decision != "allowed" {
		return errRefused
	}
	return nil
}

// A decision is what the simulator says of one action.
type decision struct {
	Action     string   `xml:"EvalActionName"`
	Resource   string   `xml:"EvalResourceName"`
	Decision   string   `xml:"EvalDecision"`
	Statements []match  `xml:"MatchedStatements>member"`
	Missing    []string `xml:"MissingContextValues>member"`
	Boundary   *struct {
		Allowed bool `xml:"AllowedByPermissionsBoundary"`
	} `xml:"PermissionsBoundaryDecisionDetail"`
}

// A match is a statement that decided, and where it stands.
type match struct {
	Policy string `xml:"SourcePolicyId"`
	Type   string `xml:"SourcePolicyType"`
	Start  place  `xml:"StartPosition"`
	End    place  `xml:"EndPosition"`
}

// A place is one in the text of a policy, as AWS counts: a statement begins where what
// stands before it ends.
type place struct{ Line, Column int }

func (p place) String() string { return fmt.Sprintf("line %d, column %d", p.Line, p.Column) }

// simulate asks IAM what the policies of somebody decide.
func (c *client) simulate(ctx context.Context, principal, action, resource string) (*decision, error) {
	form := url.Values{
		"Action": {"SimulatePrincipalPolicy"}, "PolicySourceArn": {principal},
		"ActionNames.member.1": {action}, "ResourceArns.member.1": {resource},
	}
	var answer struct {
		Results []decision `xml:"SimulatePrincipalPolicyResult>EvaluationResults>member"`
	}
	if err := c.iam(ctx, form, &answer); err != nil {
		return nil, err
	}
	if len(answer.Results) != 1 {
		return nil, fmt.Errorf("the simulator decided %d times, want once", len(answer.Results))
	}
	return &answer.Results[0], nil
}

func (d *decision) print(w io.Writer, principal string) {
	may := "may"
	if d.Decision != "allowed" {
		may = "may not"
	}
	fmt.Fprintf(w, "%s %s do %s with %s\n", principal, may, d.Action, d.Resource)
	switch {
	case d.Decision == "explicitDeny":
		d.statements(w, "denied")
	case d.Decision == "allowed":
		d.statements(w, "allowed")
	case d.Boundary != nil && !d.Boundary.Allowed:
		d.statements(w, "allowed")
		fmt.Fprintln(w, "  but its permissions boundary does not allow it")
	default:
		fmt.Fprintln(w, "  because no statement of its policies allows it")
	}
	if len(d.Missing) > 0 {
		fmt.Fprintf(w, "  the policies ask for %s as well, which a real call may have\n", strings.Join(d.Missing, ", "))
	}
}

// statements prints those that decided.
func (d *decision) statements(w io.Writer, did string) {
	for _, m := range d.Statements {
		fmt.Fprintf(w, "  %s by the statement from %s to %s of %s (%s)\n", did, m.Start, m.End, m.Policy, m.Type)
	}
}
