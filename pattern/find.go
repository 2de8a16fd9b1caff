package pattern

// Looking up strings by their parts: beginnings, ends, letters in the middle,
// networks, each of them also in lower case where that is asked for.

// findRare looks up a string by its parts.
func (s *sheet) findRare(r *rare, text string) {
	s.hasSigned = false
	s.findHeads(&r.heads, text, text)
	s.findTails(&r.tails, text, text)
	if r.lowWhole != nil || r.lowHeads.lengths != nil || r.lowTails.lengths != nil {
		s.findLow(r, text)
	}
	if !r.networks.none() {
		s.findAddress(&r.networks, text)
	}
	for _, a := range r.texts {
		s.checkOne(a, text)
	}
	if !r.gramless() {
		s.findGrams(r, text)
	}
}

func (s *sheet) findLow(r *rare, text string) {
	s.low = appendLow(s.low[:0], text)
	low := view(s.low)
	if r.lowWhole != nil {
		s.found(findHit(r.lowWhole, low))
	}
	s.findHeads(&r.lowHeads, low, text)
	s.findTails(&r.lowTails, low, text)
}

// findHeads looks up the beginnings of a text, in which those of another are.
func (s *sheet) findHeads(a *affixes, text, whole string) {
	if a.n <= fewAffixes {
		if a.n > 0 {
			word := firstWord(text)
			for i := range a.few {
				f := &a.few[i]
				if word&f.mask == f.word && len(text) >= len(f.text) && (len(f.text) <= 8 || text[:len(f.text)] == f.text) {
					s.checkOne(f.alt, whole)
				}
			}
		}
		return
	}
	for _, l := range a.lengths {
		if l.n > len(text) {
			break
		}
		s.check(a.find(text[:l.n]), whole)
	}
}

// findTails does the same with ends.
func (s *sheet) findTails(a *affixes, text, whole string) {
	if a.n <= fewAffixes {
		for i := range a.few {
			f := &a.few[i]
			if n := len(f.text); len(text) >= n && text[len(text)-n:] == f.text {
				s.checkOne(f.alt, whole)
			}
		}
		return
	}
	for _, l := range a.lengths {
		if l.n > len(text) {
			break
		}
		s.check(a.find(text[len(text)-l.n:]), whole)
	}
}

func (s *sheet) findAddress(n *networks, text string) {
	if !addressEnds[text[1]] || !addressEnds[text[len(text)-2]] {
		return
	}
	a, ok := parseAddress(text[1 : len(text)-1])
	if !ok {
		return
	}
	lengths := n.v4
	if a.v6 {
		lengths = n.v6
	}
	for _, l := range lengths {
		k := networkKey(a, l.n)
		name := view(k[:])
		s.check(n.find(name), text)
	}
}

// findGrams looks up the letters at each place of a string.
func (s *sheet) findGrams(r *rare, text string) {
	inner := text[1 : len(text)-1]
	for k := range r.grams {
		g, n := &r.grams[k], k+1
		if g.n == 0 {
			continue
		}
		s.grams.reset()
		for i := 0; i+n <= len(inner); i++ {
			a := gramAt(inner, i, n)
			hash := hashShort(n, a, 0)
			if !g.may(hash) {
				continue
			}
			p := g.look(inner[i:i+n], a, 0, hash)
			if p == nil || !s.suspects(p, text) {
				continue
			}
			// The same letters again find nothing new.
			if was := s.grams.at(uint32(a)); *was == 0 {
				*was = 1
				s.check(p, text)
			}
		}
	}
}

// sign returns the signature of the string that is being looked up.
func (s *sheet) sign(text string) *signature {
	if !s.hasSigned {
		s.hasSigned, s.signature = true, signature{}
		s.signature.add(text[1 : len(text)-1])
	}
	return &s.signature
}

// suspects says whether an alternative of a pile may hold of a string. Of a
// large pile it says so without a look.
func (s *sheet) suspects(p *pile, text string) bool {
	if len(p.more) > 8 {
		return true
	}
	sig := s.sign(text)
	if p.first.within(sig) {
		return true
	}
	for i := range p.more {
		if p.more[i].within(sig) {
			return true
		}
	}
	return false
}

// check notes those of some alternatives that hold of a string.
func (s *sheet) check(p *pile, text string) {
	if p == nil {
		return
	}
	sig := &s.signature
	if p.demand {
		sig = s.sign(text)
	}
	if p.first.within(sig) {
		s.checkOne(p.first.alt, text)
	}
	for i := range p.more {
		if p.more[i].within(sig) {
			s.checkOne(p.more[i].alt, text)
		}
	}
}

func (s *sheet) checkOne(a *alt, text string) {
	if *s.verdicts.at(a.cond.id)&queued != 0 {
		return
	}
	if a.test == nil || s.passes(a.test, text) {
		s.hit(a.cond.id)
	}
}

// passes says whether a string passes a test of strings.
func (s *sheet) passes(t test, text string) bool {
	if w, ok := t.(wildcard); ok {
		return w.match(text[1 : len(text)-1])
	}
	s.probe = value{text: text}
	return t.holds(&s.probe)
}

// addressEnds are the letters with which an address begins and ends.
var addressEnds = func() (t [256]bool) {
	for _, c := range "0123456789abcdefABCDEF:" {
		t[c] = true
	}
	return t
}()
