package cli

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/dari-bus/dari/internal/app"
)

func serve(ctx context.Context, fs *flag.FlagSet, args []string, s streams) error {
	var opt app.Options
	opt.Register(fs)
	if err := parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected %q", fs.Arg(0))}
	}
	opt.Starts = true
	a, err := app.Open(ctx, opt)
	if err != nil {
		return err
	}
	if os.Getenv("GOMEMLIMIT") == "" { // which says more than a default of ours
		debug.SetMemoryLimit(a.Memory().Total())
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // a sixth less work, for garbage that the limit keeps in bounds
	}
	return a.Run(ctx)
}
