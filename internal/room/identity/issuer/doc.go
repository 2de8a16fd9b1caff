// Package issuer makes access keys and the tokens of sessions, and keeps none.
//
// An access key is derived from its id and the key of the server, which is made once
// and is the one secret in the store; the id bears the server's mark, so that a key of
// ours that is no longer good is told from a word that somebody chose. A session is
// kept nowhere either: all that there is to know of it is in its token, sealed with
// the key of the server.
package issuer
