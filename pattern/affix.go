package pattern

import "strings"

// prefix and suffix run over a string's text with its quotes, of which the
// pattern brings one. So a prefix that ends in a quote can find the closing
// one, as in the service: {"prefix": "x\""} matches "x". Texts of other types
// have no quotes and never match.
type (
	prefix string
	suffix string
)

func (p prefix) holds(v *value) bool { return strings.HasPrefix(v.str(), string(p)) }
func (s suffix) holds(v *value) bool { return strings.HasSuffix(v.str(), string(s)) }

func newPrefix(s string) test { return prefix(`"` + s) }
func newSuffix(s string) test { return suffix(s + `"`) }

func parsePrefix(p *parser) (test, error) {
	return p.affix("prefix", "Prefix", newPrefix, func(s string) test { return newFold(`"` + s).prefix() })
}

func parseSuffix(p *parser) (test, error) {
	return p.affix("suffix", "Suffix", newSuffix, func(s string) test { return newFold(s + `"`).suffix() })
}

// affix reads the operand of prefix or suffix: a string, or an object with
// equals-ignore-case and a string.
func (p *parser) affix(name, title string, sensitive, insensitive func(string) test) (test, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	switch t {
	case tokenString:
		s, err := p.str()
		if err != nil {
			return nil, err
		}
		return sensitive(s), p.close(oneKey)
	case tokenObject:
	default:
		return nil, p.fail("%s match pattern must be a string", name)
	}
	if t, err = p.next(); err != nil {
		return nil, err
	}
	if t != tokenName {
		return nil, p.fail("%s expression name not found", title)
	}
	if p.name != "equals-ignore-case" {
		return nil, p.fail("Unsupported %s pattern: %s", name, p.name)
	}
	s, err := p.operand("equals-ignore-case match pattern must be a string")
	if err != nil {
		return nil, err
	}
	if err := p.close(oneKey); err != nil {
		return nil, err
	}
	return insensitive(s), p.close(oneKey)
}
