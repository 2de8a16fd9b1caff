// Package container has programs run in containers, by Docker or Podman: a container in,
// a process out, as [sandbox.Sandbox] does it without an engine.
//
// It speaks the API of Docker (https://docs.docker.com/reference/api/engine/), which
// Podman offers as well, on the Unix socket of an engine on this machine: the
// folders that a container is shown are the machine's, and so is its network. Paths
// name no version of the API: an engine then answers by its newest.
//
// Nothing is pulled: an image that is not there is an error that says what to type.
// Each call has a deadline, but for those that last as long as the container, and each answer
// a bound. A container has a read-only root, no capabilities and no way to get any,
// limits of memory and processes, and no log on disk. It is labelled with the server that made it, so
// that the next one removes what is left of one that was killed.
package container
