package directory

// A Look is how many there are in all accounts, and what stands open.
type Look struct {
	Roles, Users, Policies, Keys int
	// Anybodys are the ARNs of the roles that anybody may assume, of whatever account.
	Anybodys []string
}

// Look looks at all accounts.
func (d *Directory) Look() Look {
	var l Look
	for e := range d.entities.All() {
		switch e.Kind {
		case Role.Name:
			l.Roles++
			if e.trust.LetsAnybody("sts:AssumeRole", e.ARN) {
				l.Anybodys = append(l.Anybodys, e.ARN)
			}
		case User.Name:
			l.Users++
			for _, k := range e.Keys {
				if k.Active {
					l.Keys++
				}
			}
		}
	}
	for range d.policies.All() {
		l.Policies++
	}
	return l
}
