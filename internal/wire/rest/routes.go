package rest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Routes are the methods and paths of one service. They are added at start-up
// and never change while they are used.
type Routes struct {
	root node
}

// A node is what the segments of a path up to it lead to.
type node struct {
	literals map[string]*node
	label    *node
	// greedy are the routes that take all further segments but those that follow
	// the greedy label, the longest of these first.
	greedy []*tail
	here   []*route
}

// A tail is what follows a greedy label.
type tail struct {
	segments []string
	routes   []*route
}

// A route is one operation's.
type route struct {
	method, operation string
	// labels are the names of the labels in the path, in their order.
	labels []string
	// query are the parameters that the query string must have.
	query url.Values
}

// Add adds the route of an operation, such as
//
//	GET /2015-03-31/functions/{FunctionName}/versions
//	PUT /restapis/{restapi_id}?mode=overwrite
//	GET /tags/{ResourceArn+}
//
// It is an error when a request can be another operation's just as well.
func (t *Routes) Add(pattern, operation string) error {
	method, rest, ok := strings.Cut(pattern, " ")
	path, query, _ := strings.Cut(rest, "?")
	if !ok || method == "" || !strings.HasPrefix(path, "/") {
		return fmt.Errorf("the route %q must be a method and a path, such as GET /tags/{Arn+}", pattern)
	}
	r := &route{method: method, operation: operation}
	var err error
	if r.query, err = url.ParseQuery(query); err != nil {
		return fmt.Errorf("the route %q: %w", pattern, err)
	}
	place, err := t.place(r, segments(strings.TrimSuffix(path, "/")))
	if err != nil {
		return fmt.Errorf("the route %q: %w", pattern, err)
	}
	for _, other := range *place {
		if other.method == r.method && sameQuery(other.query, r.query) {
			return fmt.Errorf("the route %q is also that of %s", pattern, other.operation)
		}
	}
	*place = append(*place, r)
	// Whoever asks for more of the query string comes first.
	slices.SortStableFunc(*place, func(a, b *route) int { return len(b.query) - len(a.query) })
	return nil
}

// place finds where r belongs, and makes the way there.
func (t *Routes) place(r *route, path []string) (*[]*route, error) {
	at := &t.root
	for i, segment := range path {
		name, isLabel := label(segment)
		greedy := strings.HasSuffix(name, "+")
		if isLabel {
			r.labels = append(r.labels, strings.TrimSuffix(name, "+"))
		}
		switch {
		case strings.Trim(name, "+") == "":
			return nil, errors.New("it has an empty segment")
		case greedy:
			return at.tail(path[i+1:])
		case isLabel:
			if at.label == nil {
				at.label = &node{}
			}
			at = at.label
		case strings.ContainsAny(segment, "{}"):
			return nil, fmt.Errorf("the segment %q is neither a label nor a word", segment)
		default:
			if at.literals == nil {
				at.literals = map[string]*node{}
			}
			if at.literals[segment] == nil {
				at.literals[segment] = &node{}
			}
			at = at.literals[segment]
		}
	}
	return &at.here, nil
}

// tail returns the place of the routes that end with these segments after a
// greedy label.
func (n *node) tail(end []string) (*[]*route, error) {
	for _, segment := range end {
		if strings.ContainsAny(segment, "{}") {
			return nil, errors.New("a greedy label must be the last label")
		}
	}
	for _, t := range n.greedy {
		if slices.Equal(t.segments, end) {
			return &t.routes, nil
		}
	}
	t := &tail{segments: end}
	n.greedy = append(n.greedy, t)
	slices.SortStableFunc(n.greedy, func(a, b *tail) int { return len(b.segments) - len(a.segments) })
	return &t.routes, nil
}

// label returns what is between the braces of a segment that is a label, and the
// segment itself for a word.
func label(segment string) (name string, ok bool) {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1], true
	}
	return segment, false
}

func sameQuery(a, b url.Values) bool {
	if len(a) != len(b) {
		return false
	}
	for name := range a {
		if !b.Has(name) || a.Get(name) != b.Get(name) {
			return false
		}
	}
	return true
}

// A Match is what a request leads to.
type Match struct {
	// Operation is "" where the path, or its method, is nobody's.
	Operation string
	// Labels are the names and the values of the labels.
	Labels map[string]string
	// Methods are those that the path may be called with, where Operation is ""
	// because the method is another.
	Methods []string
}

// Find finds the operation of a request by its method, its path as it was sent,
// and its query string. A word in a path comes before a label and that before a
// greedy one, the first segment counting most; what the query string asks for
// decides between routes with one path.
func (t *Routes) Find(method, path string, query url.Values) Match {
	f := finder{method: method, query: query}
	f.walk(&t.root, segments(path))
	return f.match
}

// A finder looks for a route.
type finder struct {
	method string
	query  url.Values
	// values are those of the labels on the way, as they were sent.
	values []string
	match  Match
}

// walk looks for the route of the remaining segments from n on, and says whether
// it is found. A node is reached with one number of segments only, so that it
// looks at no node twice.
func (f *finder) walk(n *node, path []string) bool {
	if len(path) == 0 || len(path) == 1 && path[0] == "" { // a slash at the end says nothing
		if f.choose(n.here) {
			return true
		}
	}
	if len(path) == 0 {
		return false
	}
	if next := n.literals[path[0]]; next != nil && f.walk(next, path[1:]) {
		return true
	}
	if n.label != nil && path[0] != "" {
		f.values = append(f.values, path[0])
		if f.walk(n.label, path[1:]) {
			return true
		}
		f.values = f.values[:len(f.values)-1]
	}
	for _, t := range n.greedy {
		most := len(path) - len(t.segments)
		if most < 1 || path[0] == "" && most == 1 || !slices.Equal(path[most:], t.segments) {
			continue
		}
		f.values = append(f.values, strings.Join(path[:most], "/"))
		if f.choose(t.routes) {
			return true
		}
		f.values = f.values[:len(f.values)-1]
	}
	return false
}

// choose takes the first of the routes with one path that the request asks for.
func (f *finder) choose(routes []*route) bool {
	for _, r := range routes {
		if !r.asked(f.query) {
			continue
		}
		if r.method != f.method {
			if !slices.Contains(f.match.Methods, r.method) {
				f.match.Methods = append(f.match.Methods, r.method)
			}
			continue
		}
		labels := make(map[string]string, len(r.labels))
		for i, name := range r.labels {
			value, err := url.PathUnescape(f.values[i])
			if err != nil {
				return false // such a path is none
			}
			labels[name] = value
		}
		f.match = Match{Operation: r.operation, Labels: labels}
		return true
	}
	return false
}

func (r *route) asked(query url.Values) bool {
	for name := range r.query {
		if !query.Has(name) || r.query.Get(name) != "" && query.Get(name) != r.query.Get(name) {
			return false
		}
	}
	return true
}

// segments cuts a path at its slashes. What is between them is left as it was
// sent, since a slash that is encoded is no slash.
func segments(path string) []string {
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}
