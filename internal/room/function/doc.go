// Package function is the room of functions: it stands in for AWS Lambda.
//
// Functions really run: what was uploaded is unpacked into a folder of its own and
// started in a sandbox, by the Runtime API that runtimes of AWS speak, with credentials
// of the function's role. Package catalog keeps what functions there are, code their
// code, pool the environments that they run in, runtime is one of those, and url serves
// the URLs of functions.
//
// An event that is accepted without an answer being waited for is on disk when that is
// said, in the outbox, and tried until the function has taken it, its attempts are used
// up or it is too old; then it goes where the function says, and stays with the dead
// deliveries where it says nothing. It is tried at least once. What is tried runs the
// function as it is then, not as it was when the event came.
//
// A service of the house, such as a rule, is let in by the policy of the function alone,
// within an account too, as at AWS. What functions write goes to their log group, with
// the server's own rights: a role need not allow it.
//
// A function that has a queue to work on is given its messages in batches, and with the
// rights of its role: see package mapping. Package provision keeps environments ready
// before anybody asks for them.
//
// # What it leaves out
//
// Code comes with the call; there is no S3 to fetch it from, and there are no images,
// networks, file systems, signatures of code and keys of KMS. Event source mappings from
// anything but queues are refused by name. Where code of strangers runs, and what keeps
// it there, is what package sandbox says.
package function
