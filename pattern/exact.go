package pattern

// exact is a text, quotes included if it is a string, that a value must have.
type exact string

func (e exact) holds(v *value) bool { return string(v.text) == string(e) }

func quote(s string) string { return `"` + s + `"` }

// plain is what a string among the alternatives means: that string, or, if it
// looks like an IP address and is one, that address however it is spelled.
func plain(s string) test {
	if a, ok := parseAddress(s); ok {
		return network{a, a.width()}
	}
	return exact(quote(s))
}

// parseExactly reads {"exactly": "s"}, which is never taken for an address.
func parseExactly(p *parser) (test, error) {
	s, err := p.operand("exact match pattern must be a string")
	if err != nil {
		return nil, err
	}
	return exact(quote(s)), p.close(oneKey)
}
