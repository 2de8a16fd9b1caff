package app

import (
	"strings"
	"testing"
)

func TestASettingThatCannotBeUsedIsRefused(t *testing.T) {
	for _, c := range []struct {
		set  func(*Options)
		want string
	}{
		{func(o *Options) { o.Listen = "here" }, `-listen: "here" is not host:port`},
		{func(o *Options) { o.Limits = "few" }, `-limits: "few" is neither aws nor none`},
		{func(o *Options) { o.MaxDead = 0 }, `-max-dead: 0 deliveries cannot be kept`},
		{func(o *Options) { o.MaxDeadBytes = "all" }, `-max-dead-bytes: "all" is not a size such as 512MiB or 2GiB`},
		{func(o *Options) { o.Outbound = "private" }, `-outbound: "private" is neither any nor public`},
		{func(o *Options) { o.Memory = "much" }, `-memory: "much" is not a size such as 512MiB or 2GiB, nor is it auto`},
		{func(o *Options) { o.Sandbox = "on" }, `-sandbox: "on" is none of auto, require, off`},
		{func(o *Options) { o.FunctionsIn = "containerd" }, `-functions-in: "containerd" is none of process, docker, podman`},
		{func(o *Options) { o.FunctionsIn = "docker:tcp" }, `-functions-in: "docker:tcp" is none of process, docker, podman`},
		{func(o *Options) { o.FunctionsIn, o.Runtimes = "docker", "python3.12=" }, `-runtimes: "python3.12=" is not RUNTIME=IMAGE`},
		{func(o *Options) { o.SandboxShow = "/opt,/" }, `-sandbox-show: "/" is not a folder such as /home/me/.nvm`},
		{func(o *Options) { o.Runtimes = "python3.12" }, `-runtimes: "python3.12" is not RUNTIME=PATH`},
		{func(o *Options) { o.Memory = "10MiB" }, `-memory: 10 MiB is too little to work in; give at least 128 MiB`},
	} {
		o := Defaults()
		c.set(&o)
		if err := o.check(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %s…", err, c.want)
		}
	}
}

// attack, undecided: where calls may go out to.
func TestServerThatIsOpenToANetworkCallsTheInternetOnly(t *testing.T) {
	for _, c := range []struct {
		listen, outbound string
		everywhere       bool
	}{
		{"127.0.0.1:0", "", true}, {"localhost:0", "", true}, {"[::1]:0", "", true}, {"127.0.0.1:0", "public", false},
		{":0", "", false}, {"0.0.0.0:0", "", false}, {"[::]:0", "", false}, {"192.0.2.1:0", "", false},
		{":0", "any", true}, {":0", "public,10.0.0.0/8", false},
	} {
		o := Defaults()
		o.Listen, o.Outbound, o.Insecure = c.listen, c.outbound, true
		if err := o.check(); err != nil || o.reach.Everywhere() != c.everywhere {
			t.Errorf("%+v: %v, %v", c, o.reach, err)
		}
	}
}
