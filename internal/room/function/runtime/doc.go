// Package runtime is where functions execute: one environment is one process in
// a sandbox, with the Lambda Runtime API of its own to talk to.
//
// An [Engine] starts environments; each takes one invocation at a time, keeps what
// its process keeps, and is thrown away when that ends. How many there are, and for
// how long, is for its caller to say. What a function gets to see is what it sees on
// AWS: the folders, the environment, the API with its headers and errors, the
// deadlines, and the lines of its log, START, END and REPORT among them.
//
// python and nodejs run by bootstraps of our own with the interpreters that this
// machine has; provided.al2 and provided.al2023 run the bootstrap they come with.
// Nothing is downloaded: what is missing is said, with what to install. Where an engine
// of containers is to be used, they run in AWS's own images, with what these have.
//
// Left out: extensions, container images, SnapStart, X-Ray.
package runtime
