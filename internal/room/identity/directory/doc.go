// Package directory keeps who there is in an account, and answers what they may do.
//
// It holds roles, users, groups, instance profiles and policies, in tables of the
// store, and is the guard that holds users and the sessions of roles to them.
//
// # Secrets
//
// No secret is kept here: package issuer makes access keys and sessions anew from the
// key of the server. So sessions survive a restart, cost nothing while they live, and
// end at their time, or when the role or the user is deleted.
package directory
