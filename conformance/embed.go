// Package conformance holds, as text files, what EventBridge does: its pattern
// language, its target inputs and its schedules; how IAM's policies decide; and what the
// mapping templates of API Gateway write. Any implementation can run them; README.md
// describes the format.
//
// The package has no code on purpose. It leaves out how the cases are run,
// which each implementation does in its own tests.
package conformance

import "embed"

// Files holds the cases, one directory per language, and README.md.
//
//go:embed README.md pattern transform schedule policy vtl mapping
var Files embed.FS
