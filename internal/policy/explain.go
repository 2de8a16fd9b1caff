package policy

import "strings"

// A Found is a statement, and where its document is in the list of its kind.
type Found struct {
	Document  int
	Statement *Statement
}

// A Finding is what the documents of one kind say about a request.
type Finding struct {
	Decision
	// All are the statements that deny it; when none does, those that allow it.
	All []Found
}

// An Explanation is what documents of each kind say about a request, and what
// follows.
type Explanation struct {
	Outcome
	Identity, Resource, Boundary, Session Finding
	// Missing are the condition keys that the request does not have, of statements
	// about its caller, action and resource.
	Missing []string
	missed  map[string]bool // by their names in small letters
}

// What is answered takes as many steps as would write it: so much a request, and so
// much for each thing that is found.
const findingSteps = 1 << 10

// Explain is [Policies.Evaluate] for whoever wants to know why: it answers the
// same. The steps that it took, up to some 20 million a second, are taken from those
// left; it reports false when none were before it was done.
func (p *Policies) Explain(r Request, left *int) (*Explanation, bool) {
	e := &Explanation{}
	*left -= findingSteps
	for _, kind := range []struct {
		documents []*Document
		finding   *Finding
	}{{p.Identity, &e.Identity}, {[]*Document{p.Resource}, &e.Resource}, {p.Boundary, &e.Boundary}, {p.Session, &e.Session}} {
		for i, d := range kind.documents {
			if *left <= 0 {
				return nil, false
			}
			*left -= d.explain(r, p.stepsEach(), i, kind.finding, e)
		}
	}
	e.Outcome = p.judge(e.Identity.Decision, e.Boundary.Decision, e.Session.Decision, e.Resource.Decision)
	return e, true
}

// explain adds what the document says, and returns the steps that it took.
func (d *Document) explain(asked Request, most, number int, f *Finding, e *Explanation) (steps int) {
	if d == nil {
		return 1
	}
	r := newRequest(asked, most)
	for _, s := range d.Statements {
		covered, named := s.isAbout(r)
		if covered != no {
			steps += e.miss(r, s)
		}
		switch covered = s.holds(r, covered); {
		case s.deny && covered != no:
			f.add(Decision{Denied, s, Unnamed}, number)
			steps += findingSteps
		case !s.deny && covered == yes:
			f.add(Decision{Allowed, s, named}, number)
			steps += findingSteps
		}
	}
	return 1 + most - r.left + steps
}

// add takes a statement that decides into the finding. The first Deny counts, or
// of the first document that allows the statement that names the caller most
// closely.
func (f *Finding) add(d Decision, document int) {
	switch {
	case d.Verdict > f.Verdict:
		f.Decision, f.All = d, nil
	case d.Verdict < f.Verdict:
		return
	case d.Verdict == Allowed && document == f.All[0].Document && d.Named > f.Named:
		f.Decision = d
	}
	f.All = append(f.All, Found{document, d.Statement})
}

// miss adds the keys that the request lacks for a statement that is about it.
func (e *Explanation) miss(r *request, s *Statement) (steps int) {
	for _, key := range s.Keys {
		steps += 1 + len(r.Context)
		if folded := strings.ToLower(key); len(r.values(key)) == 0 && !e.missed[folded] {
			if e.missed == nil {
				e.missed = map[string]bool{}
			}
			e.missed[folded] = true
			e.Missing = append(e.Missing, key)
			steps += findingSteps
		}
	}
	return steps
}
