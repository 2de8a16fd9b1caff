package app

import (
	"os"
	"slices"

	"github.com/dari-bus/dari/internal/door"
	"github.com/dari-bus/dari/internal/outbound"
)

// newReach reads where calls may go. Unless that is set, a server that strangers
// can reach calls nothing that they cannot reach themselves.
func (o *Options) newReach(listen string) (outbound.Reach, error) {
	text := o.Outbound
	if text == "" {
		text = "public"
		if isLoopback(listen) {
			text = "any"
		}
	}
	r, err := outbound.ParseReach(text)
	if err != nil {
		return r, settingError{"outbound", err.Error()}
	}
	return r, nil
}

// newClient returns the client for all calls that leave the house.
func (a *App) newClient() *outbound.Client {
	named := slices.ContainsFunc([]string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"}, func(k string) bool { return os.Getenv(k) != "" })
	if named && !a.opt.reach.Everywhere() {
		a.opt.Log.Warn("the proxies that the environment names are not used, because -outbound judges the addresses that are called")
	}
	// Of the connections that callers may have, a quarter as many lead outwards,
	// and the store still has files left.
	calls := min(outbound.DefaultCalls, max(door.Limit(a.opt.memory.Total())/4, 8))
	return outbound.New(outbound.Options{Reach: a.opt.reach, Calls: calls})
}
