// Package e2e judges dari from outside: it starts the real binary and drives
// it with the clients that people use — the AWS SDKs for Go, Python and
// JavaScript, the AWS CLI, Terraform — and with kill -9.
//
// It is a module of its own, so that the vendor's SDK is no dependency of the
// server. It holds tests only, and in the folder handler a function as people write it
// in Go:
//
//   - the wire, mechanically: every operation, every member and every recorded
//     request and answer that the SDK ships;
//   - stories, which are what somebody wants to get done, start to end;
//   - promises: nothing acknowledged is lost in a crash, and a dead target
//     neither eats the memory nor slows its neighbours;
//   - benchmarks, over HTTP, with the server in its own process.
//
// `go test -short` leaves out the promises, which take minutes. A client that
// is not installed skips its stories, or fails them where CI=true, since there
// it should have been. Nothing waits by sleeping: everything is polled, with a
// deadline, by [eventually].
package e2e
