// Package directory keeps who there is in an account, and answers what they may do.
//
// It holds roles, users, groups, instance profiles and policies, in tables of the
// store, and is the guard that holds users and the sessions of roles to them.
//
// # Secrets
//
// No secret is kept. An access key is derived from its id and the key of the
// server, which is made once and is the one secret in the store; the id bears the
// server's mark, so that a key of ours that is no longer good is told from a word
// that somebody chose. A session is kept nowhere either: all that there is to know
// of it is in its token, sealed with the key of the server. So sessions survive a
// restart, cost nothing while they live, and end at their time, or when the role
// or the user is deleted.
package directory
