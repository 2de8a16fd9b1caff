package pattern

import "slices"

// A gate is the part of a conjunction that is about the envelope. It is filed
// like a conjunction that consists of it. When the envelope of an event is
// known before its detail, only gates that open lead to conjunctions about the
// detail, and if none does, the detail is not read at all.

// gate returns the number of the gate of a new conjunction, 0 if it has none.
func (e *engine) gate(conds []*cond) uint32 {
	outer := gateConds(conds)
	if len(outer) == 0 || len(outer) == len(conds) {
		return 0
	}
	k := keyOf(outer)
	g, ok := e.gates[k]
	if !ok {
		g = &conj{key: k, anchor: anchorOf(slices.DeleteFunc(slices.Clone(outer), func(c *cond) bool { return c.absent }))}
		g.rest = e.restOf(outer, g.anchor, 0, e.gateIDs.take())
		for _, cd := range outer {
			cd.uses++
		}
		e.keep(outer, 1)
		e.gates[k] = g
		e.anchor(g, told{ids: g})
	}
	g.rules++
	return g.rest.opens
}

// gateConds returns the conditions on the envelope, sorted by number, or none
// if all of them may hold without a value: a gate has to be found by one.
func gateConds(conds []*cond) []*cond {
	var outer []*cond
	found := false
	for _, c := range conds {
		if c.envelope {
			outer = append(outer, c)
			found = found || !c.absent
		}
	}
	if !found {
		return nil
	}
	slices.SortFunc(outer, func(a, b *cond) int { return int(a.id) - int(b.id) })
	return outer
}

func (e *engine) dropGate(c *conj, conds []*cond) {
	if c.rest.gate == 0 {
		return
	}
	g := e.gates[keyOf(gateConds(conds))]
	if g.rules--; g.rules > 0 {
		return
	}
	e.anchor(g, told{})
	delete(e.gates, g.key)
	e.gateIDs.put(g.rest.opens)
	outer := append([]*cond{g.anchor}, g.rest.conds...)
	e.keep(outer, -1)
	e.dropRest(g.rest)
	for _, cd := range outer {
		cd.uses--
	}
}
