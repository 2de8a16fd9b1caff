// Package buildspec reads buildspec files, versions 0.1 and 0.2: what a build does.
//
// [Parse] returns a [Spec] or an error in CodeBuild's words, with the line. A value
// is the text that stands in the file, whatever YAML takes it for: NO is "NO".
// What a file may cost has bounds: its size, how deep it goes, and how much it is
// when its aliases are written out.
//
// What CodeBuild knows and dari does not do is said, not passed over: a reference to
// Parameter Store or Secrets Manager and a git credential helper are errors, since
// the build would not have what it counts on; batch, proxy and run-as, and keys that
// nobody knows, are in [Spec.LeftOut].
package buildspec
