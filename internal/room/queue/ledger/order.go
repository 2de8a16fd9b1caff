package ledger

// A pile is the order of a standard queue: who became visible first goes first.
type pile struct{ visible heap[*Entry] }

func newPile() *pile {
	return &pile{heap[*Entry]{
		less:  func(a, b *Entry) bool { return a.Due < b.Due || a.Due == b.Due && a.Seq < b.Seq },
		place: func(e *Entry, at int32) { e.at = at },
	}}
}

func (p *pile) added(e *Entry) {
	if e.Phase == Visible {
		p.visible.push(e)
	}
}

func (p *pile) changed(e *Entry, before Phase) {
	switch {
	case e.Phase == Visible:
		p.visible.push(e)
	case before == Visible:
		p.visible.remove(e.at)
	}
}

func (p *pile) removed(e *Entry) {
	if e.Phase == Visible {
		p.visible.remove(e.at)
	}
}

func (p *pile) first() *Entry {
	e, _ := p.visible.first()
	return e
}

func (p *pile) follower(*Entry) *Entry { return nil }

// Groups are the order of a FIFO queue. A group is open while its first message
// is visible. Open groups are served in turn, and each gives from its front up to
// its first message that is not visible; who was served goes to the end of the
// line, open or not. So a group whose messages are given back over and over keeps
// nobody waiting. After a restart the line is that of the first messages.
type groups struct {
	byName map[string]*group
	open   heap[*group]
	turns  uint64 // how many have been given out
}

// A group is the messages of one message group in the order of their numbers.
type group struct {
	name        string
	front, back *Entry
	turn        uint64 // its place in the line
	at          int32  // in open, -1 when closed
}

func newGroups() *groups {
	return &groups{
		byName: map[string]*group{},
		open: heap[*group]{
			less:  func(a, b *group) bool { return a.turn < b.turn },
			place: func(g *group, at int32) { g.at = at },
		},
	}
}

// named returns the group of that name, for the entry that is about to be added.
func (o *groups) named(name string) *group {
	g := o.byName[name]
	if g == nil {
		g = &group{name: name, at: -1}
		o.byName[name] = g
		o.toTheEnd(g)
	}
	return g
}

// toTheEnd gives g, which is closed, the last place in the line.
func (o *groups) toTheEnd(g *group) {
	o.turns++
	g.turn = o.turns
}

// added links e in. Entries come in the order of their numbers.
func (o *groups) added(e *Entry) {
	g := e.group
	e.prev = g.back
	if g.back != nil {
		g.back.next = e
	} else {
		g.front = e
	}
	g.back = e
	o.review(g)
}

func (o *groups) changed(e *Entry, _ Phase) {
	if e.Phase == Hidden { // it was handed out
		o.shut(e.group)
		o.toTheEnd(e.group)
	}
	o.review(e.group)
}

func (o *groups) removed(e *Entry) {
	g := e.group
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		g.front = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	} else {
		g.back = e.prev
	}
	e.prev, e.next = nil, nil
	if g.front == nil {
		o.shut(g)
		delete(o.byName, g.name)
		return
	}
	o.review(g)
}

// review opens or shuts g.
func (o *groups) review(g *group) {
	if g.front.Phase != Visible {
		o.shut(g)
	} else if g.at < 0 {
		o.open.push(g)
	}
}

func (o *groups) shut(g *group) {
	if g.at >= 0 {
		o.open.remove(g.at)
	}
}

func (o *groups) first() *Entry {
	g, ok := o.open.first()
	if !ok {
		return nil
	}
	return g.front
}

func (o *groups) follower(e *Entry) *Entry {
	if e.next == nil || e.next.Phase != Visible {
		return nil
	}
	return e.next
}
