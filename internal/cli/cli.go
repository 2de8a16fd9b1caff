// Package cli is the command line: one binary that is the server and the
// client of it.
//
// Every setting is a flag with a default and a sentence; the variable
// DARI_<FLAG> in the environment sets a flag that is not given. `dari <command>
// -h` prints all that a command understands.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// A command is one word after dari.
type command struct {
	name string
	args string // what follows the flags, for the usage line
	help string // one sentence
	run  func(ctx context.Context, fs *flag.FlagSet, args []string, io streams) error
}

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func commands() []command {
	return []command{
		{"serve", "", "run the server", serve},
		{"demo", "", "see it work: builds that really run, and what the function that they reach tells Slack, on a server in a scratch directory", demo},
		{"put", "[DETAIL]", "put an event on a bus; DETAIL is JSON, - reads it from standard input", put},
		{"tail", "", "show what happens to events, as it happens", tail},
		{"logs", "tail GROUP", "show the events of a log group, and with -follow those that come in", logs},
		{"rules", "", "list the rules of a bus with their patterns and targets", rules},
		{"try", "PATTERN EVENT", "try an event pattern on an event, without a server; each is JSON, a file, or - for standard input", try},
		{"why", "-can PRINCIPAL ACTION [RESOURCE]", "say whether a user, a group or a role may do something, and which statements of its policies decide that (it exits with 1 if it may not)", why},
		{"doctor", "", "look at a data directory that no server has open, and at the settings, or ask a server that runs: what is damaged and how to go on (it exits with 1 then), what is there, who may do what, what might surprise", doctor},
		{"version", "", "print the version", version},
	}
}

// Main runs the command line and returns the exit status: 0, 1 when the
// command failed, 2 when it was not understood.
func Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, args, streams{os.Stdin, os.Stdout, os.Stderr})
}

func run(ctx context.Context, args []string, s streams) int {
	if len(args) == 0 {
		usage(s.err)
		return 2
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		usage(s.out)
		return 0
	case "-v", "-version", "--version":
		args[0] = "version"
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.exec(ctx, args[1:], s)
		}
	}
	fmt.Fprintf(s.err, "dari: there is no command %q\n", args[0])
	usage(s.err)
	return 2
}

func usage(w io.Writer) {
	fmt.Fprint(w, "dari is an event bus that speaks the AWS API.\n\nUsage: dari COMMAND [FLAGS]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-22s %s\n", strings.TrimSpace(c.name+" "+c.args), c.help)
	}
	fmt.Fprint(w, "\ndari COMMAND -h lists the flags of a command.\n")
}

// A usageError is a mistake in how a command was called.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func (c command) exec(ctx context.Context, args []string, s streams) int {
	fs := flag.NewFlagSet("dari "+c.name, flag.ContinueOnError)
	fs.SetOutput(s.err)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "dari %s: %s\n\nUsage: dari %s\n", c.name, c.help, strings.Join(nonEmpty(c.name, "[FLAGS]", c.args), " "))
		fs.PrintDefaults()
	}
	err := c.run(ctx, fs, args, s)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errParsed):
		return 2
	}
	if u, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(s.err, "dari %s: %s\nTry: dari %s -h\n", c.name, u.text, c.name)
		return 2
	}
	fmt.Fprintf(s.err, "dari %s: %v\n", c.name, err)
	return 1
}

func nonEmpty(words ...string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// errParsed means that the flag package has already said what is wrong.
var errParsed = errors.New("flags not understood")

// parse reads the flags, then lets the environment set those not given.
func parse(fs *flag.FlagSet, args []string) error {
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errParsed
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var err error
	fs.VisitAll(func(f *flag.Flag) {
		name := "DARI_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if v, ok := os.LookupEnv(name); ok && !given[f.Name] && err == nil {
			if e := fs.Set(f.Name, v); e != nil {
				err = usageError{fmt.Sprintf("%s=%q: %v", name, v, e)}
			}
		}
	})
	return err
}
