package pattern

// presence is {"exists": true}: every value is one. Objects and arrays are not
// values.
type presence struct{}

func (presence) holds(*value) bool { return true }

// absence is {"exists": false}. It holds of no value; where it is allowed is
// decided by the search, see search.go.
type absence struct{}

func (absence) holds(*value) bool { return false }

func parseExists(p *parser) (test, error) {
	t, err := p.next()
	if err != nil {
		return nil, err
	}
	switch t {
	case tokenTrue:
		return presence{}, p.close(oneKey)
	case tokenFalse:
		return absence{}, p.close(oneKey)
	default:
		return nil, p.fail("exists match pattern must be either true or false.")
	}
}
