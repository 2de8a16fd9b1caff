// Package identity is the identity room: it stands in for AWS IAM and for STS.
//
// Roles, users, groups, instance profiles and policies are an account's, in no
// region. Whoever signs with the key of a user, or with the credentials of a
// session, is held to their policies in every room, in AWS's order. The root of an
// account, which is who signs with a key of the server and, where there are none,
// everybody, may do everything there.
//
// This package is the door. Who there is, and what they may do, is known by
// directory, and the policies of AWS's own are in managed. All methods may be
// called from many goroutines at once.
//
// # What it leaves out
//
// There are no passwords, second factors, certificates or providers of other
// identities: nobody logs in here. What is not offered is refused by name.
package identity
