package queue

// A pile is the order of a standard queue: who became visible first goes first.
type pile struct{ visible heap[*entry] }

func newPile() *pile {
	return &pile{heap[*entry]{
		less:  func(a, b *entry) bool { return a.due < b.due || a.due == b.due && a.seq < b.seq },
		place: func(e *entry, at int32) { e.at = at },
	}}
}

func (p *pile) added(e *entry) {
	if e.phase == visible {
		p.visible.push(e)
	}
}

func (p *pile) changed(e *entry, before phase) {
	switch {
	case e.phase == visible:
		p.visible.push(e)
	case before == visible:
		p.visible.remove(e.at)
	}
}

func (p *pile) removed(e *entry) {
	if e.phase == visible {
		p.visible.remove(e.at)
	}
}

func (p *pile) first() *entry {
	e, _ := p.visible.first()
	return e
}

func (p *pile) follower(*entry) *entry { return nil }

// Groups are the order of a FIFO queue. A group is open when its first message
// is visible and none of its messages is with a receiver; the open group with
// the oldest first message goes first, with as many of its messages as wanted.
type groups struct {
	byName map[string]*group
	open   heap[*group]
}

// A group is the messages of one message group in the order of their numbers.
type group struct {
	name        string
	front, back *entry
	hidden      int
	at          int32 // in open, -1 when closed
}

func newGroups() *groups {
	return &groups{
		byName: map[string]*group{},
		open: heap[*group]{
			less:  func(a, b *group) bool { return a.front.seq < b.front.seq },
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
	}
	return g
}

// added links e in. Entries come in the order of their numbers.
func (o *groups) added(e *entry) {
	g := e.group
	e.prev = g.back
	if g.back != nil {
		g.back.next = e
	} else {
		g.front = e
	}
	g.back = e
	if e.phase == hidden {
		g.hidden++
	}
	o.review(g)
}

func (o *groups) changed(e *entry, before phase) {
	if before == hidden {
		e.group.hidden--
	}
	if e.phase == hidden {
		e.group.hidden++
	}
	o.review(e.group)
}

func (o *groups) removed(e *entry) {
	g := e.group
	// The heap compares first messages: a group leaves it before its first
	// message does.
	o.shut(g)
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
	if e.phase == hidden {
		g.hidden--
	}
	if g.front == nil {
		delete(o.byName, g.name)
		return
	}
	o.review(g)
}

// review opens or shuts g.
func (o *groups) review(g *group) {
	if g.front.phase != visible || g.hidden > 0 {
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

func (o *groups) first() *entry {
	g, ok := o.open.first()
	if !ok {
		return nil
	}
	return g.front
}

func (o *groups) follower(e *entry) *entry {
	if e.next == nil || e.next.phase != visible {
		return nil
	}
	return e.next
}
