// Package provision keeps environments of functions ready before anybody asks for them:
// provisioned concurrency.
//
// What is kept is of a published version, named by its number or by an alias; of an alias
// with weights it is the version that the alias names. The environments are started, and
// the code in them has been initialized, so that an invocation finds them warm. One that
// ends, or whose credentials do, is replaced. What there may be of them has bounds, of an
// account and in all, and they give way to nobody else's.
package provision
