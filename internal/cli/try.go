package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dari-bus/dari/pattern"
)

// errNoMatch makes `dari try` exit with 1, so that scripts can ask.
var errNoMatch = errors.New("no match")

func try(_ context.Context, fs *flag.FlagSet, args []string, s streams) error {
	if err := parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() != 2 {
		return usageError{"want a pattern and an event"}
	}
	text, err := readArg(fs.Arg(0), s.in)
	if err != nil {
		return err
	}
	event, err := readArg(fs.Arg(1), s.in)
	if err != nil {
		return err
	}
	p, err := pattern.Compile(text)
	if err != nil {
		return fmt.Errorf("the pattern is not valid: %w", err)
	}
	why, err := p.Explain([]byte(event))
	if err != nil {
		return fmt.Errorf("the event is not valid: %w", err)
	}
	fmt.Fprint(s.out, why)
	if !why.Matched {
		return errNoMatch
	}
	return nil
}

// readArg returns an argument that is JSON itself, the content of the file it
// names, or standard input for -.
func readArg(arg string, in io.Reader) (string, error) {
	if arg == "-" {
		b, err := io.ReadAll(in)
		return string(b), err
	}
	if strings.HasPrefix(strings.TrimSpace(arg), "{") {
		return arg, nil
	}
	b, err := os.ReadFile(arg)
	if errors.Is(err, os.ErrNotExist) {
		return "", usageError{fmt.Sprintf("%q is neither JSON nor a file", arg)}
	}
	return string(b), err
}
