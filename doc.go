// Package dari is the whole server as a Go value: an event bus that speaks the
// AWS API, for use inside a test or another program.
//
//	server, err := dari.Start(dari.Options{})
//	…
//	defer server.Close()
//	cfg.BaseEndpoint = aws.String(server.URL())
//
// Everything that [Server.URL] serves behaves as the dari binary does. With the
// zero Options it listens on a free loopback port and keeps everything in
// memory.
package dari
