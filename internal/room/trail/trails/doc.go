// Package trails keeps the trails that people make, and says which of them want to
// have a call.
//
// A trail has a home region. One of many regions wants the calls of all of them.
// It has what it is given while it is logging, as far as its selectors let through:
// management events, and data events where it asks for them.
//
// Who asks whether any trail wants data events waits for nobody and pays for one
// load. All methods may be called from many goroutines at once.
package trails
