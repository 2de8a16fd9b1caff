package directory

import (
	"maps"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
)

// A Tag is a name and a value that somebody hangs on something.
type Tag struct{ Key, Value string }

const maxTags = 50

// withTags returns tags with others added or changed.
func withTags(old, set []Tag) ([]Tag, error) {
	seen := map[string]bool{}
	for _, t := range set {
		if seen[strings.ToLower(t.Key)] {
			return nil, fault.Invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.").WithCode(codeInput)
		}
		seen[strings.ToLower(t.Key)] = true
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, fault.Invalid("The tag key %s begins with aws:, which is reserved. Choose another key.", t.Key).WithCode(codeInput)
		}
	}
	all := append(withoutTags(old, func(t Tag) bool { return seen[strings.ToLower(t.Key)] }), set...)
	if len(all) > maxTags {
		return nil, fault.Limit("The number of tags has reached the maximum limit.").WithCode(codeLimit)
	}
	return all, nil
}

func withoutTags(old []Tag, goes func(Tag) bool) []Tag {
	var left []Tag
	for _, t := range old {
		if !goes(t) {
			left = append(left, t)
		}
	}
	return left
}

// withoutNamed is [withoutTags] for those of some names.
func withoutNamed(old []Tag, names []string) []Tag {
	return withoutTags(old, func(t Tag) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, t.Key) })
	})
}

// about adds the condition keys of the tags that something has.
func about(tags []Tag, keys map[string][]string) map[string][]string {
	if len(tags) == 0 {
		return keys
	}
	all := maps.Clone(keys)
	if all == nil {
		all = map[string][]string{}
	}
	for _, t := range tags {
		all["aws:ResourceTag/"+t.Key] = []string{t.Value}
		all["iam:ResourceTag/"+t.Key] = []string{t.Value}
	}
	return all
}

// tagKeys are the condition keys of tags in a request.
func tagKeys(tags []Tag) map[string][]string {
	keys := map[string][]string{}
	for _, t := range tags {
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], t.Key)
		keys["aws:RequestTag/"+t.Key] = []string{t.Value}
	}
	return keys
}

func weightOf(tags []Tag) int {
	n := 0
	for _, t := range tags {
		n += len(t.Key) + len(t.Value) + fixedWeight/4
	}
	return n
}
