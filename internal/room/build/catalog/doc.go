// Package catalog keeps the projects of CodeBuild: what is built, where it comes from
// and goes to, and how.
//
// A project is settings under a name, in an account and a region. [Settings] are also what
// a build was started with; they are as CodeBuild spells them, and [Settings.Complete]
// fills in what CodeBuild fills in and refuses by name what is not offered here. Who may
// do something with a project is asked of the guard, and who gives it a role must be
// allowed to pass that on.
package catalog
