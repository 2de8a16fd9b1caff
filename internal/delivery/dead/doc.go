// Package dead keeps the deliveries that failed for good and that no dead-letter
// queue took, for whoever wants to know what became of them.
//
// Each belongs to an account, and an account is shown its own. All of them
// together have a bound in number and in bytes; when there is too much, the
// oldest of the account goes that holds most of it. So one whose deliveries fail
// by the thousand pushes out what is its own, and of the others only what they
// hold above it.
package dead
