package runner

import (
	"path"
	"strings"
)

// A glob is a pattern of paths: ** stands for any folders, and what else there is
// in a part is as in [path.Match].
type glob []string

func newGlob(pattern string) glob {
	return strings.Split(strings.TrimPrefix(path.Clean(strings.ReplaceAll(pattern, "\\", "/")), "./"), "/")
}

// plain says that the pattern is the name of one file.
func (g glob) plain() bool { return !strings.ContainsAny(strings.Join(g, "/"), "*?[") }

// matches says whether a path is one of the pattern's. It takes as long as the two are
// long together, multiplied.
func (g glob) matches(name string) bool {
	parts := strings.Split(name, "/")
	// fits[i] says that the pattern so far fits the first i parts.
	fits := make([]bool, len(parts)+1)
	fits[0] = true
	for _, word := range g {
		next := make([]bool, len(parts)+1)
		for i := range fits {
			switch {
			case word == "**":
				next[i] = fits[i] || i > 0 && next[i-1]
			case i > 0 && fits[i-1]:
				ok, err := path.Match(word, parts[i-1])
				next[i] = ok && err == nil
			}
		}
		fits = next
	}
	return fits[len(parts)]
}
