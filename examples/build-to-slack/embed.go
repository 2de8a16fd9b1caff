// Package buildtoslack holds an example: a build tells Slack. Its README is the way
// through it; dari demo runs it as it is.
package buildtoslack

import "embed"

// Files are a repository that is built, and the function that tells Slack, in the
// languages that need no compiler.
//
//go:embed repository python/slack.py node/slack.mjs
var Files embed.FS
