// Command dari is an event bus that speaks the AWS API: the server, and the
// command line to it.
package main

import (
	"os"

	"github.com/dari-bus/dari/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
