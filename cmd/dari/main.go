// Command dari is an event bus that speaks the AWS API: the server, and the
// command line to it.
package main

import (
	"os"

	"github.com/dari-bus/dari/internal/cli"
	"github.com/dari-bus/dari/internal/sandbox"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == sandbox.InitCommand {
		sandbox.Init() // and nothing else: this is the first process of a sandbox
	}
	os.Exit(cli.Main(os.Args[1:]))
}
