// Package door keeps the one port through which everybody comes in.
//
// [Guard] judges a request before it is known what it asks for: by what name it
// called, which page sent it if a browser did, and by what method. [Listener]
// judges connections: there is a bound on their number, who is not known yet
// makes room for those who come after, and a reader who does not read is gone
// after a while.
//
// A server on a developer's machine is within reach of every web page that the
// developer opens, with nothing but the browser between. So the rules are lists
// of what may pass. A browser's request passes when it says that it comes from
// a page of ours, or from an origin that is allowed, or when it only leads a
// person to what anybody may see. Whoever is no browser passes by every name.
//
// What it leaves out: who calls, and what that one may do, which is for the
// signature to say and the rooms to decide.
package door
