// Package identity is the identity room: as much of STS as tells a caller who
// it is.
//
// There are no users and no roles in dari yet: whoever signs with a key of an
// account acts as that account, as its root user does at AWS. Terraform and
// many scripts ask for this before anything else. Temporary credentials are
// not offered, and refused.
package identity
