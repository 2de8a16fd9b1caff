package store

// An Ending keeps who wants to know how a transaction ended. An engine has one
// in its Tx, and calls End with true when it has applied the change, and with
// false in any case before the next transaction begins.
type Ending struct{ tell []func(kept bool) }

// OnEnd is that of [Tx].
func (e *Ending) OnEnd(fn func(kept bool)) { e.tell = append(e.tell, fn) }

// End tells everybody who has not been told yet.
func (e *Ending) End(kept bool) {
	tell := e.tell
	e.tell = nil
	for _, fn := range tell {
		fn(kept)
	}
}
