// Package runner runs one build: it fetches the sources, has the commands of the
// buildspec run in a sandbox, and carries the artifacts away.
//
// A [Job] goes in, and what comes of it is told step by step, a phase at a time
// ([Step]). The lines of its log are those of CodeBuild and leave while it runs.
//
// All commands of a build run under one first process, so that what a command leaves
// in the background lives until the build is over; each is a script of the shell,
// which begins with the folder and the variables that the one before has left. What
// strangers' code touches is touched in the sandbox or through [os.Root] only: a
// link does not lead out of the folders of the build.
//
// A build ends when its context does, and nothing of it is left: the cause says
// whether it was stopped ([ErrStopped]) or took too long ([ErrTimedOut]).
package runner
