// Package spell is what the doors of IAM and STS have in common: faults, tags and
// limits as both spell them.
package spell
