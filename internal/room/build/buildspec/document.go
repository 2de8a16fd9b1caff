package buildspec

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The bounds of a file.
const (
	// MaxBytes is how long it may be.
	MaxBytes = 256 << 10
	// maxDepth is how many lists and maps may stand in one another, and maxNodes how
	// many values there may be when each alias counts as what it stands for.
	maxDepth = 32
	maxNodes = 20_000
)

// failed is an error that a build fails with.
func failed(format string, args ...any) error { return fmt.Errorf(format, args...) }

// A document is a file on its way to a Spec. It counts what it hands out.
type document struct {
	nodes int
}

// A field is a member of a map, at its line.
type field struct {
	name  string
	line  int
	value *yaml.Node
}

type fields []field

func (all fields) find(name string) (field, bool) {
	for _, f := range all {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// where takes a line out of an error of the parser, to put it at the end.
var where = regexp.MustCompile(`^line (\d+): (.*)$`)

// parse returns the members of a file.
func parse(text []byte) (*document, fields, error) {
	if len(text) > MaxBytes {
		return nil, nil, failed("the buildspec has %d bytes, expected at most %d", len(text), MaxBytes)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		said := strings.TrimPrefix(err.Error(), "yaml: ")
		if m := where.FindStringSubmatch(said); m != nil {
			said = m[2] + " at line " + m[1]
		}
		return nil, nil, errors.New(said)
	}
	if len(root.Content) == 0 {
		return nil, nil, failed("the buildspec is empty: it begins with version: 0.2")
	}
	d := &document{}
	top, err := d.fields(field{"buildspec", 1, root.Content[0]})
	return d, top, err
}

// node returns what a node stands for, if there still may be one.
func (d *document) node(n *yaml.Node) (*yaml.Node, error) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.nodes++; d.nodes > maxNodes {
		return nil, failed("the buildspec has more than %d values with its aliases written out", maxNodes)
	}
	return n, nil
}

// fields returns the members of a map. There are none in one that is left empty.
func (d *document) fields(f field) (fields, error) { return d.members(f, 0) }

func (d *document) members(f field, depth int) (fields, error) {
	n, err := d.node(f.value)
	switch {
	case err != nil:
		return nil, err
	case depth > maxDepth:
		return nil, failed("the buildspec is too deep at line %d", f.line)
	case isNull(n):
		return nil, nil
	case n.Kind != yaml.MappingNode:
		return nil, failed("Expected %.80s to be a map with keys at line %d", f.name, n.Line)
	}
	var all, merged fields
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := d.node(n.Content[i])
		if err != nil {
			return nil, err
		}
		value := n.Content[i+1]
		if key.Tag == "!!merge" {
			more, err := d.merged(field{f.name, key.Line, value}, depth+1)
			if err != nil {
				return nil, err
			}
			merged = append(merged, more...)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			return nil, failed("Expected a key of %.80s to be of string type at line %d", f.name, key.Line)
		}
		if _, twice := all.find(key.Value); twice {
			return nil, failed("key %.80q already set in map at line %d", key.Value, key.Line)
		}
		all = append(all, field{key.Value, key.Line, value})
	}
	for _, m := range merged {
		if _, there := all.find(m.name); !there {
			all = append(all, m)
		}
	}
	return all, nil
}

// merged returns the members that << brings, from a map or from a list of maps.
func (d *document) merged(f field, depth int) (fields, error) {
	n, err := d.node(f.value)
	if err != nil {
		return nil, err
	}
	if n.Kind != yaml.SequenceNode {
		return d.members(f, depth)
	}
	var all fields
	for _, item := range n.Content {
		more, err := d.members(field{f.name, f.line, item}, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// text returns a value as it stands in the file.
func (d *document) text(f field) (string, error) {
	n, err := d.node(f.value)
	switch {
	case err != nil:
		return "", err
	case n.Kind != yaml.ScalarNode:
		return "", failed("Expected %.80s to be of string type: found subkeys instead at line %d, value of the key tag on line %d might be empty", f.name, n.Line, f.line)
	case isNull(n):
		return "", nil
	case strings.ContainsRune(n.Value, 0):
		return "", failed("the value of %.80s has a NUL at line %d", f.name, n.Line)
	}
	return n.Value, nil
}

// yes reads a switch.
func (d *document) yes(f field) (bool, error) {
	v, err := d.text(f)
	if err != nil {
		return false, err
	}
	switch strings.ToLower(v) {
	case "yes", "true", "on":
		return true, nil
	case "no", "false", "off", "":
		return false, nil
	}
	return false, failed("Expected %.80s to be yes or no at line %d", f.name, f.line)
}

// list reads a list of texts, whose name stands in errors.
func (d *document) list(f field, name string) ([]string, error) {
	n, err := d.node(f.value)
	switch {
	case err != nil:
		return nil, err
	case isNull(n):
		return nil, nil
	case n.Kind != yaml.SequenceNode:
		// So it is said since 2019, whatever stands there.
		return nil, failed("wrong number of container tags, expected 1")
	}
	all := make([]string, 0, min(len(n.Content), maxNodes))
	for i, item := range n.Content {
		v, err := d.text(field{fmt.Sprintf("%s[%d]", name, i), f.line, item})
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// variables reads names and values.
func (d *document) variables(f field) ([]Variable, error) {
	all, err := d.fields(f)
	if err != nil {
		return nil, err
	}
	found := make([]Variable, len(all))
	for i, m := range all {
		if !variableName.MatchString(m.name) {
			return nil, failed("invalid name %.80q at line %d, expected letters, digits and _", m.name, m.line)
		}
		v, err := d.text(m)
		if err != nil {
			return nil, err
		}
		found[i] = Variable{m.name, v}
	}
	return found, nil
}

// The functions that begin with into read a value into a place.

func (d *document) intoText(to *string) func(field) error {
	return func(f field) (err error) {
		*to, err = d.text(f)
		return err
	}
}

func (d *document) intoSwitch(to *bool) func(field) error {
	return func(f field) (err error) {
		*to, err = d.yes(f)
		return err
	}
}

func (d *document) intoList(to *[]string, name string) func(field) error {
	return func(f field) (err error) {
		*to, err = d.list(f, name)
		return err
	}
}

func (d *document) intoVariables(to *[]Variable) func(field) error {
	return func(f field) (err error) {
		*to, err = d.variables(f)
		return err
	}
}
