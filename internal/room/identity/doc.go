// Package identity is the identity room: as much of STS as tells a caller who
// it is.
//
// There are no users and no roles in dari yet: whoever signs with a key of an
// account acts as that account, as its root user does at AWS. Terraform and
// many scripts ask for this before anything else. Temporary credentials are
// not offered, and refused.
//
// It keeps nothing, and so it is the smallest room there is, and the one to begin
// another one from: this page, the room itself in a file that knows no wire, and
// its door in api.go. All methods may be called from many goroutines at once.
package identity
