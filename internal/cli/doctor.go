package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/dari-bus/dari/internal/app"
)

func doctor(ctx context.Context, fs *flag.FlagSet, args []string, s streams) error {
	var opt app.Options
	opt.Register(fs)
	accept := fs.Bool("accept-loss", false, "go on without what cannot be read: make a store of the rest, and move the damaged files into a folder of the directory")
	ask := fs.String("ask", "", "`URL` of a server that runs, to ask it instead of looking at a directory; signed with -access-key and -secret-key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	if err := parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected %q", fs.Arg(0))}
	}
	if *ask != "" && *accept {
		return usageError{"-accept-loss is for a directory that no server has open; leave -ask out"}
	}
	if *ask != "" {
		return askDoctor(ctx, *ask, &opt, s.out)
	}
	opt.Starts = true
	well, err := app.Doctor(ctx, opt, *accept, s.out)
	if err == nil && !well {
		err = fmt.Errorf("%s is damaged", opt.Data)
	}
	return err
}

// askDoctor has a server that runs say of itself what it can.
func askDoctor(ctx context.Context, url string, opt *app.Options, out io.Writer) error {
	c := client{
		endpoint: url, region: opt.Region,
		key:    cmp.Or(opt.AccessKey, os.Getenv("AWS_ACCESS_KEY_ID"), "dari"),
		secret: cmp.Or(opt.SecretKey, os.Getenv("AWS_SECRET_ACCESS_KEY"), "dari"),
	}
	resp, err := c.do(ctx, "dari", http.MethodGet, "/_dari/doctor", nil, http.Header{})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(out, resp.Body)
	return err
}
