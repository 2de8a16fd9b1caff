package cli

import (
	"context"
	"flag"
	"fmt"

	"github.com/dari-bus/dari/internal/app"
)

func doctor(ctx context.Context, fs *flag.FlagSet, args []string, s streams) error {
	var opt app.Options
	opt.Register(fs)
	accept := fs.Bool("accept-loss", false, "go on without what cannot be read: make a store of the rest, and move the damaged files into a folder of the directory")
	if err := parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected %q", fs.Arg(0))}
	}
	well, err := app.Doctor(ctx, opt, *accept, s.out)
	if err == nil && !well {
		err = fmt.Errorf("%s is damaged", opt.Data)
	}
	return err
}
