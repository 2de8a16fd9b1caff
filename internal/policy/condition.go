package policy

import (
	"fmt"
	"strings"
)

// A condition is one key of one operator in the Condition of a statement.
type condition struct {
	key string
	// quantifier is forAny, forAll, or "" for none.
	quantifier string
	// ifExists means that it holds when the request does not have the key.
	ifExists bool
	// negated means that no value may match.
	negated bool
	// null means the operator Null, which has no matchers: it holds when the
	// key's absence is what absent says.
	null, absent bool
	// matchers are made of the values in the document.
	matchers []matcher
	// variables are the keys of those in the values.
	variables []string
}

// A matcher compares a value of the request with a value of the document.
type matcher func(r *request, value string) truth

const (
	forAny = "ForAnyValue"
	forAll = "ForAllValues"
)

func parseConditions(m member, variables bool) ([]condition, error) {
	operators, err := object(m.value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.key, err)
	}
	var out []condition
	for _, o := range operators {
		keys, err := object(o.value)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", m.key, o.key, err)
		}
		for _, k := range keys {
			c, err := parseCondition(o.key, k, variables)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", m.key, o.key, err)
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func parseCondition(name string, m member, variables bool) (condition, error) {
	c := condition{key: m.key}
	if quantifier, rest, ok := strings.Cut(name, ":"); ok {
		if quantifier != forAny && quantifier != forAll {
			return c, fmt.Errorf("%q is neither %s nor %s", quantifier, forAny, forAll)
		}
		c.quantifier, name = quantifier, rest
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")

	values, err := someScalars(m)
	if err != nil {
		return c, err
	}
	if name == "Null" {
		absent, ok := parseBool(values[0])
		if !ok || len(values) != 1 || c.ifExists || c.quantifier != "" {
			return c, fmt.Errorf("it takes one value, true or false, and nothing stands before or after its name")
		}
		c.null, c.absent = true, absent
		return c, nil
	}
	op, ok := operators[name]
	if !ok {
		return c, fmt.Errorf("dari does not know the operator %q", name)
	}
	c.negated = op.negated
	for _, v := range values {
		match, err := op.matcher(v, variables)
		if err != nil {
			return c, fmt.Errorf("%s: %w", m.key, err)
		}
		c.matchers = append(c.matchers, match)
		if variables && op.variables {
			t, err := parseTemplate(v, false, true)
			if err != nil {
				return c, fmt.Errorf("%s: %w", m.key, err)
			}
			c.variables = append(c.variables, t.variables()...)
		}
	}
	return c, nil
}

// holds says whether the condition holds for the request.
func (c *condition) holds(r *request) truth {
	if !r.spend(1 + len(r.Context)) {
		return unknown
	}
	values := r.values(c.key)
	switch {
	case c.null:
		return isTrue((len(values) == 0) == c.absent)
	case len(values) > 1 && c.quantifier == "":
		return unknown
	case len(values) > 0:
		return c.compare(r, values)
	case c.quantifier == forAny:
		return isTrue(c.ifExists)
	}
	return isTrue(c.ifExists || c.negated || c.quantifier == forAll)
}

func (c *condition) compare(r *request, values []string) truth {
	one, all := no, yes
	for _, v := range values {
		t := no
		for _, match := range c.matchers {
			if !r.spend(1) {
				return unknown
			}
			t = max(t, match(r, v))
		}
		if c.negated {
			t = not(t)
		}
		one, all = max(one, t), min(all, t)
	}
	if c.quantifier == forAny {
		return one
	}
	return all
}
