package policy

import (
	"fmt"
	"strings"
)

// names are the actions or resources that a statement is about.
type names struct {
	not  bool // all others are meant
	list []template
}

func parseActions(m member) (*names, error) {
	actions, err := someStrings(m)
	if err != nil {
		return nil, err
	}
	n := &names{not: m.key == "NotAction"}
	for _, a := range actions {
		service, name, ok := strings.Cut(a, ":")
		switch {
		case a != "*" && (!ok || service == "" || name == ""):
			return nil, fmt.Errorf("%s %q has no service; want one such as sqs:SendMessage", m.key, a)
		case strings.Contains(a, "${"):
			return nil, fmt.Errorf("%s %q uses a policy variable; these are filled in in Resource and Condition only", m.key, a)
		}
		t, err := parseTemplate(strings.ToLower(a), true, false)
		if err != nil {
			return nil, err
		}
		n.list = append(n.list, t)
	}
	return n, nil
}

// parseResources reads ARNs. Variables are filled in after the fifth colon only,
// as on AWS; one before it has no value.
func parseResources(m member, variables bool) (*names, error) {
	resources, err := someStrings(m)
	if err != nil {
		return nil, err
	}
	n := &names{not: m.key == "NotResource"}
	for _, text := range resources {
		t, err := parseTemplate(text, true, variables)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.key, err)
		}
		colons := 0
		for i, p := range t {
			switch {
			case p.kind == plain:
				colons += strings.Count(p.text, ":")
			case p.kind == variable && colons < 5:
				t[i].kind = misplaced
			}
		}
		n.list = append(n.list, t)
	}
	return n, nil
}

// cover says whether the statement means the name. Nil means all.
func (n *names) cover(r *request, name string) truth {
	if n == nil {
		return yes
	}
	listed := no
	for i := 0; i < len(n.list) && listed != yes; i++ {
		listed = max(listed, n.list[i].like(r, name))
	}
	if n.not {
		return not(listed)
	}
	return listed
}
