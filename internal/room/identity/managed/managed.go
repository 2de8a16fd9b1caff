// Package managed has the policies that AWS itself manages, those that people
// attach most, with their documents as AWS publishes them.
package managed

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/dari-bus/dari/internal/policy"
)

//go:embed policies.json
var text []byte

// A Policy is one of AWS's.
type Policy struct {
	Path, Name string
	// Version is the id of its default version, which is the only one here, and
	// Created when that was made.
	Version  string
	Created  time.Time
	Document json.RawMessage
	// Parsed is the Document.
	Parsed *policy.Document `json:"-"`
}

// All returns the policies by name. A mistake in them is one of the program.
var All = sync.OnceValue(func() []*Policy {
	var all []*Policy
	if err := json.Unmarshal(text, &all); err != nil {
		panic(err)
	}
	for _, p := range all {
		var err error
		if p.Parsed, err = policy.ParseIdentity(string(p.Document)); err != nil {
			panic(p.Name + ": " + err.Error())
		}
	}
	return all
})

var byResource = sync.OnceValue(func() map[string]*Policy {
	all := map[string]*Policy{}
	for _, p := range All() {
		all[p.Path+p.Name] = p
	}
	return all
})

// ARN returns the ARN of the policy in a partition.
func (p *Policy) ARN(partition string) string {
	return "arn:" + partition + ":iam::aws:policy" + p.Path + p.Name
}

// Find returns the policy with an ARN, in whatever partition, or nil.
func Find(arn string) *Policy {
	before, name, ok := strings.Cut(arn, ":iam::aws:policy")
	if partition, isARN := strings.CutPrefix(before, "arn:"); !ok || !isARN || strings.Contains(partition, ":") {
		return nil
	}
	return byResource()[name]
}
