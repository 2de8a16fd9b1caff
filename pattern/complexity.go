package pattern

import (
	"math"
	"slices"
)

// Complexity returns the wildcard complexity of the pattern: how many
// beginnings of its wildcards one value can match at the same time, at worst,
// among the wildcards of one path. A beginning ends behind a character or a
// star; "*a*b" has the beginnings `"`, `"*`, `"*a`, `"*a*`, and so on, quotes
// included. Wildcards that begin alike count each; those inside one
// anything-but count once together.
//
// EventBridge refuses rules by this measure. It says nothing of how fast this
// package matches them. Finding the number takes time that grows with the
// square of the wildcards' length at worst.
func (p *Pattern) Complexity() int { return p.complexity(math.MaxInt) }

// complexity stops counting beyond a limit.
func (p *Pattern) complexity(limit int) int {
	byPath := map[string]*beginnings{}
	worst := 0
	for _, conjunction := range p.conjunctions {
		for _, c := range conjunction {
			if !c.hasWildcard() {
				continue
			}
			b, ok := byPath[c.path]
			if !ok {
				b = newBeginnings()
				byPath[c.path] = b
			}
			for _, t := range c.tests {
				b.add(t)
			}
		}
	}
	for _, b := range byPath {
		if worst = max(worst, b.alive(limit)); worst >= limit {
			break
		}
	}
	return worst
}

// beginnings is the tree of the beginnings of all wildcards of a path. Each
// node is one beginning.
type beginnings struct {
	root  *beginning
	tests int
	seen  map[string]bool // the tests added, by what they consist of
}

type beginning struct {
	next   map[byte]*beginning // by the character that follows
	star   *beginning          // by a star
	isStar bool
	tests  int // how many tests begin like this
	last   int // the last one that was counted
}

func newBeginnings() *beginnings {
	return &beginnings{root: &beginning{}, seen: map[string]bool{}}
}

// add adds the wildcards of one alternative. One that was added is left out.
func (b *beginnings) add(t test) {
	wildcards := wildcardsOf(t)
	var texts []string
	for _, w := range wildcards {
		texts = append(texts, w.key())
	}
	slices.Sort(texts)
	key := ""
	if _, ok := t.(but); ok {
		key = "anything-but"
	}
	for _, s := range slices.Compact(texts) {
		key += "\x00" + s
	}
	if len(wildcards) == 0 || b.seen[key] {
		return
	}
	b.seen[key] = true
	b.tests++
	for _, w := range wildcards {
		at := b.root.step('"').count(b.tests)
		for i, piece := range w {
			if i > 0 {
				at = at.starred().count(b.tests)
			}
			for j := range len(piece) {
				at = at.step(piece[j]).count(b.tests)
			}
		}
		at.step('"').count(b.tests)
	}
}

// key names the wildcard; no two different ones have the same.
func (w wildcard) key() string {
	var b []byte
	for i, piece := range w {
		if i > 0 {
			b = append(b, '*')
		}
		for j := range len(piece) {
			if piece[j] == '*' || piece[j] == '\\' {
				b = append(b, '\\')
			}
			b = append(b, piece[j])
		}
	}
	return string(b)
}

func (n *beginning) step(c byte) *beginning {
	child, ok := n.next[c]
	if !ok {
		child = &beginning{}
		if n.next == nil {
			n.next = map[byte]*beginning{}
		}
		n.next[c] = child
	}
	return child
}

func (n *beginning) starred() *beginning {
	if n.star == nil {
		n.star = &beginning{isStar: true}
	}
	return n.star
}

func (n *beginning) count(test int) *beginning {
	if n.last != test {
		n.last = test
		n.tests++
	}
	return n
}

// alive returns the largest number of beginnings that one value can match.
//
// Such a value either is still within the first piece of some wildcard, and
// then there are only as many to try as those pieces have characters. Or it is
// beyond the first pieces of all wildcards that are left, and then it can have
// met all their stars, which stay matched for good; what comes on top is the
// text that ends in most beginnings of later pieces at once.
func (b *beginnings) alive(limit int) int {
	// A place within the first pieces, with all that is matched there, and the
	// stars that follow the first pieces that ended on the way.
	type place struct {
		at             *beginning
		matched, stars []*beginning
	}
	worst := b.tests // all match the opening quote
	first := b.root.next['"']
	todo := []place{{first, withStars([]*beginning{first}), nil}}
	for len(todo) > 0 && worst < limit {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if p.at.star != nil {
			p.stars = append(slices.Clip(p.stars), p.at.star)
			worst = max(worst, settled(p.stars))
		}
		worst = max(worst, weigh(p.matched))
		for c, next := range p.at.next {
			todo = append(todo, place{next, advance(p.matched, c), p.stars})
		}
	}
	return worst
}

func weigh(nodes []*beginning) int {
	sum := 0
	for _, n := range nodes {
		sum += n.tests
	}
	return sum
}

// advance returns the beginnings matched after one more character.
func advance(matched []*beginning, c byte) []*beginning {
	var out []*beginning
	for _, n := range matched {
		if child, ok := n.next[c]; ok {
			out = append(out, child)
		}
	}
	out = withStars(out)
	for _, n := range matched {
		if n.isStar && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// withStars adds the stars that follow, since a star may stand for nothing.
func withStars(nodes []*beginning) []*beginning {
	for _, n := range nodes {
		if n.star != nil {
			nodes = append(nodes, n.star)
		}
	}
	return nodes
}

// settled counts the stars under the given ones and adds the text that ends in
// most beginnings at once. That is a question about suffixes: the pieces go
// into a tree in which each node is linked with the longest of its suffixes
// that is in the tree too (Aho and Corasick).
func settled(stars []*beginning) int {
	type place struct {
		at     *beginning
		suffix *suffixes // what leads there since the last star
	}
	root := &suffixes{}
	sum := 0
	var todo []place
	for _, star := range stars {
		todo = append(todo, place{star, root})
	}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if p.at.isStar {
			sum += p.at.tests
		} else {
			p.suffix.weight += p.at.tests
		}
		if p.at.star != nil {
			todo = append(todo, place{p.at.star, root})
		}
		for c, next := range p.at.next {
			todo = append(todo, place{next, p.suffix.step(c)})
		}
	}
	return sum + root.heaviest()
}

type suffixes struct {
	next   map[byte]*suffixes
	link   *suffixes
	weight int
}

func (s *suffixes) step(c byte) *suffixes {
	child, ok := s.next[c]
	if !ok {
		child = &suffixes{}
		if s.next == nil {
			s.next = map[byte]*suffixes{}
		}
		s.next[c] = child
	}
	return child
}

// heaviest adds up the weights along the links and returns the largest sum.
func (s *suffixes) heaviest() int {
	most := 0
	queue := []*suffixes{s}
	for i := 0; i < len(queue); i++ {
		n := queue[i]
		most = max(most, n.weight)
		for c, child := range n.next {
			child.link = s
			for l := n.link; l != nil; l = l.link {
				if to, ok := l.next[c]; ok {
					child.link = to
					break
				}
			}
			child.weight += child.link.weight
			queue = append(queue, child)
		}
	}
	return most
}
