package app

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/outbound"
)

// Options configure an App. Register declares each as a flag, with its default
// and its sentence.
type Options struct {
	Listen, Data          string
	Ephemeral             bool
	Region, Account, Host string
	Origins               string
	Limits                string
	KeyFile               string
	AccessKey, SecretKey  string
	Insecure              bool
	EnforcePolicies       bool
	EnforceIAM            bool
	HTTPSOnly             bool
	LenientURLs           bool
	Outbound              string
	BuildSources          string
	MaxDead               int
	MaxDeadBytes          string
	TrailStrict           bool
	TrailBytes            string
	Memory                string
	Sandbox, SandboxShow  string
	Runtimes              string
	FunctionsIn           string
	LogLevel, LogFormat   string
	Log                   *slog.Logger // overrides LogLevel and LogFormat
	Starts                bool         // that the program is dari, which starts itself anew for code of strangers
	keys                  access.Credentials
	memory                *budget.Budget
	maxDeadBytes          int64
	trailBytes            int64
	reach                 outbound.Reach
}

// Register declares the settings as flags of fs.
func (o *Options) Register(fs *flag.FlagSet) {
	fs.StringVar(&o.Listen, "listen", "127.0.0.1:4566", "`address` to serve every API on")
	fs.StringVar(&o.Data, "data", "./dari-data", "`directory` that holds everything durable; made if missing")
	fs.BoolVar(&o.Ephemeral, "ephemeral", false, "keep everything in memory, and nothing after the end")
	fs.StringVar(&o.Region, "region", "us-east-1", "region of callers whose credentials name none")
	fs.StringVar(&o.Account, "account", "000000000000", "account of callers whose access key is not 12 digits, of keys without one, and the one that may see the metrics")
	fs.StringVar(&o.Host, "host", "", "public `host:port` in the URLs that are handed out (default localhost and the port of -listen)")
	fs.StringVar(&o.Origins, "origins", "", "web `origins`, parted by commas, whose pages may call with the help of a browser, such as https://console.example.com")
	fs.StringVar(&o.Limits, "limits", "aws", "count quotas such as 300 rules per bus: `aws` or none")
	fs.StringVar(&o.KeyFile, "keys", "", "`file` of access keys that may sign, a line each: ID SECRET [ACCOUNT]; without any keys, everybody may call")
	fs.StringVar(&o.AccessKey, "access-key", "", "an access key `id` that may sign, beside those of -keys")
	fs.StringVar(&o.SecretKey, "secret-key", "", "the `secret` of -access-key (better given as DARI_SECRET_KEY)")
	fs.BoolVar(&o.Insecure, "insecure", false, "listen beyond this machine although no access keys are set")
	fs.BoolVar(&o.EnforcePolicies, "enforce-policies", true, "let rules reach a queue or a log group of their own account only when its policy allows it, as AWS does; false: unless its policy denies it; between accounts it must always")
	fs.BoolVar(&o.EnforceIAM, "enforce-iam", false, "hold everybody to policies: only users and sessions of roles, and keys that are set as the root of their account, may do anything; "+
		"roles that rules act with must exist; services need a resource's policy in any case")
	fs.BoolVar(&o.HTTPSOnly, "https-only", false, "refuse API destinations and token endpoints that are not https://, as AWS does")
	fs.BoolVar(&o.LenientURLs, "lenient-urls", false, "let callers of function URLs in who may do lambda:InvokeFunctionUrl, as AWS did before October 2025; false: they must be allowed lambda:InvokeFunction as well")
	fs.StringVar(&o.Outbound, "outbound", "", "`where` API destinations and token endpoints may be: any, or public (addresses of the internet, no proxies), "+
		"with what else is allowed after commas, such as public,10.1.0.0/16,hooks.internal (default any if only this machine reaches -listen, else public)")
	fs.StringVar(&o.BuildSources, "build-sources", "", "`directory` below which the file:// URLs of builds' sources may lead: git repositories, folders and zip files; without one they lead nowhere")
	fs.IntVar(&o.MaxDead, "max-dead", 10_000, "how many deliveries to keep that failed for good and that no dead-letter queue took")
	fs.StringVar(&o.MaxDeadBytes, "max-dead-bytes", "256MiB", "`size` that the deliveries of -max-dead may have in all; an event counts once, however many targets it failed at")
	fs.BoolVar(&o.TrailStrict, "trail-strict", false, "put API calls on the default bus only while a trail logs them, as AWS does; else all are put there")
	fs.StringVar(&o.TrailBytes, "trail-bytes", "1GiB", "`size` that the records of an account's calls may have in all, before compression, half of it of calls that changed something and half of all others; the oldest go first, and all after 90 days")
	fs.StringVar(&o.Memory, "memory", "auto", "`size` of the memory to use at most, such as 512MiB; auto is half of what the machine or its control group has")
	fs.StringVar(&o.Sandbox, "sandbox", "auto", "keep functions and builds apart as well as the machine can: `auto`; require refuses to start where it has no namespaces for them, off does without, and without Landlock")
	fs.StringVar(&o.SandboxShow, "sandbox-show", "", "`folders`, parted by commas, that functions and builds may read, beside the system and the folders of the commands on PATH")
	fs.StringVar(&o.Runtimes, "runtimes", "", "`interpreters` for runtimes of functions, parted by commas, where those on PATH are not wanted, such as python3.12=/opt/venv/bin/python; in containers, images where AWS's are not")
	fs.StringVar(&o.FunctionsIn, "functions-in", "process", "`what` functions run in: process, docker or podman, whose images are not pulled; an engine's socket that is not the usual one stands behind a colon, such as docker:/run/user/1000/docker.sock")
	fs.StringVar(&o.LogLevel, "log-level", "info", "`level` of the log: debug (a line for everything that happens to an event), info, warn or error")
	fs.StringVar(&o.LogFormat, "log-format", "text", "`format` of the log: text or json")
}

// Defaults returns the options with every default in place.
func Defaults() Options {
	var o Options
	o.Register(flag.NewFlagSet("", flag.ContinueOnError))
	return o
}

// A settingError is a setting that cannot be used; it says which and what to do.
type settingError struct{ flag, text string }

func (e settingError) Error() string { return "-" + e.flag + ": " + e.text }

// check completes the options, or says what is wrong with them.
func (o *Options) check() error {
	host, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return settingError{"listen", fmt.Sprintf("%q is not host:port, such as 127.0.0.1:4566", o.Listen)}
	}
	if o.Limits != "aws" && o.Limits != "none" {
		return settingError{"limits", fmt.Sprintf("%q is neither aws nor none", o.Limits)}
	}
	if !access.IsAccount(o.Account) {
		return settingError{"account", fmt.Sprintf("%q is not an account: it must be 12 digits", o.Account)}
	}
	if o.MaxDead < 1 {
		return settingError{"max-dead", fmt.Sprintf("%d deliveries cannot be kept; keep at least one", o.MaxDead)}
	}
	if err := o.checkSandbox(); err != nil {
		return err
	}
	if o.reach, err = o.newReach(host); err != nil {
		return err
	}
	if o.maxDeadBytes, err = budget.ParseSize(o.MaxDeadBytes); err != nil {
		return settingError{"max-dead-bytes", err.Error()}
	}
	if o.trailBytes, err = o.newTrailBytes(); err != nil {
		return err
	}
	if o.memory, err = o.newMemory(); err != nil {
		return err
	}
	if o.keys, err = o.readKeys(); err != nil {
		return err
	}
	if o.keys == nil && !o.Insecure && !isLoopback(host) {
		return settingError{"listen", fmt.Sprintf("%s can be reached from other machines, and no access keys are set, so anybody could call.\n"+
			"Set keys with -keys FILE, or listen on 127.0.0.1:%s, or say -insecure if the network keeps strangers out", o.Listen, port)}
	}
	if o.Log == nil {
		o.Log, err = o.newLog()
	}
	return err
}

// leastTrail is the smallest -trail-bytes: some of the largest records.
const leastTrail = 16 << 20

func (o *Options) newTrailBytes() (int64, error) {
	n, err := budget.ParseSize(o.TrailBytes)
	switch {
	case err != nil:
		return 0, settingError{"trail-bytes", err.Error()}
	case n < leastTrail:
		return 0, settingError{"trail-bytes", fmt.Sprintf("%s is too little; give at least %s", budget.FormatSize(n), budget.FormatSize(leastTrail))}
	}
	return n, nil
}

// isLoopback reports whether a host to listen on is reached from this machine only.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (o *Options) newLog() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.LogLevel)); err != nil {
		return nil, settingError{"log-level", fmt.Sprintf("%q is none of debug, info, warn, error", o.LogLevel)}
	}
	opt := &slog.HandlerOptions{Level: level}
	switch o.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, opt)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, opt)), nil
	}
	return nil, settingError{"log-format", fmt.Sprintf("%q is neither text nor json", o.LogFormat)}
}

// readKeys returns the access keys, and nil when none are set.
func (o *Options) readKeys() (access.Credentials, error) {
	keys := access.Keys{}
	if (o.AccessKey == "") != (o.SecretKey == "") {
		return nil, settingError{"access-key", "an access key needs -secret-key beside it, and the other way round"}
	}
	if o.AccessKey != "" {
		if err := keys.Add(o.AccessKey, o.SecretKey, o.Account); err != nil {
			return nil, settingError{"access-key", err.Error()}
		}
	}
	if o.KeyFile != "" {
		f, err := os.Open(o.KeyFile)
		if err != nil {
			return nil, settingError{"keys", err.Error()}
		}
		defer f.Close()
		before := len(keys)
		if err := keys.Read(f, o.Account); err != nil {
			return nil, settingError{"keys", o.KeyFile + ", " + err.Error()}
		}
		if len(keys) == before {
			return nil, settingError{"keys", o.KeyFile + " holds no keys: a line each, ID SECRET [ACCOUNT]"}
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return keys, nil
}

// origins are the web origins whose pages may call.
func (o *Options) origins() []string {
	return words(o.Origins)
}

// publicHost is the host in the URLs that are handed out, for a listener.
func (o *Options) publicHost(addr net.Addr) (string, error) {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "", errors.Join(errors.New("the listener's address has no port"), err)
	}
	return cmp.Or(o.Host, "localhost:"+port), nil
}
