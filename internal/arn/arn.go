// Package arn parses and prints Amazon Resource Names.
package arn

import (
	"fmt"
	"strings"
)

// An ARN names one resource: arn:partition:service:region:account:resource.
// Region and Account may be empty; Resource may hold colons and slashes.
type ARN struct {
	Partition, Service, Region, Account, Resource string
}

// Parse reads an ARN. It asks for the six parts and a non-empty partition,
// service and resource; it does not check that the parts exist.
func Parse(s string) (ARN, error) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[1] == "" || p[2] == "" || p[5] == "" {
		return ARN{}, fmt.Errorf("%q is not an ARN: want arn:partition:service:region:account:resource", s)
	}
	return ARN{p[1], p[2], p[3], p[4], p[5]}, nil
}

// Is reports whether s looks like an ARN rather than a name.
func Is(s string) bool { return strings.HasPrefix(s, "arn:") }

// New returns the ARN of a resource in a region, in the partition of that region.
func New(service, region, account, resource string) ARN {
	return ARN{Partition(region), service, region, account, resource}
}

// String prints the ARN.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// Partition returns the partition that a region belongs to.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
