package cli

import (
	"context"
	"flag"
	"fmt"
	"runtime/debug"
)

func version(_ context.Context, fs *flag.FlagSet, args []string, s streams) error {
	if err := parse(fs, args); err != nil {
		return err
	}
	fmt.Fprintln(s.out, "dari "+buildVersion())
	return nil
}

// buildVersion is the module's version, or the commit it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "development"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && v == "development" {
			v += " " + s.Value[:12]
		}
	}
	return v + " " + info.GoVersion
}
