// Package pool keeps the environments that functions run in.
//
// An environment is of one version of a function and has one invocation at a time. An
// invocation takes a warm one if there is one, else a new one is made, up to bounds: how
// many invocations a function may have at a time, and how many environments there may be
// and how much memory they may have, of all functions. Where there are as many as there
// may be, one that is idle makes room; where none is, the invocation waits for a while
// and is then throttled. An environment that was idle for long, whose credentials end
// soon, or whose function has changed, is stopped.
// Some are kept though nobody has asked for them yet; see [Pool.Keep].
//
// What functions write goes to their logs in portions, in order.
package pool
