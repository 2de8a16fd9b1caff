package catalog

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// An Async says what becomes of the events that a qualifier of a function is sent
// without waiting for an answer, as it is stored.
type Async struct {
	// Qualifier is "" for events that came to the function without one.
	Qualifier string
	// Configured says that somebody has set something; else there is only the lane.
	Configured bool `json:",omitempty"`
	AsyncSettings
	// Modified is in Unix milliseconds.
	Modified int64 `json:",omitempty"`
	// Lane is where the events go in the outbox, 0 before the first one.
	Lane uint64 `json:",omitempty"`
}

// AsyncSettings are what may be set. What is nil or "" is the default, or nothing.
type AsyncSettings struct {
	MaxAge    *int   `json:",omitempty"` // in seconds
	Retries   *int   `json:",omitempty"`
	OnSuccess string `json:",omitempty"`
	OnFailure string `json:",omitempty"`
}

// The defaults, which are also the upper limits.
const (
	maxAge     = 6 * time.Hour
	maxRetries = 2
)

// Age is how old an event may become, and Tries how often it is tried again.
func (a *Async) Age() time.Duration {
	if a.MaxAge != nil {
		return time.Duration(*a.MaxAge) * time.Second
	}
	return maxAge
}

// Tries is how often an event is tried again whose function failed.
func (a *Async) Tries() int {
	if a.Retries != nil {
		return *a.Retries
	}
	return maxRetries
}

// settingsOf is the qualifier that settings are kept under: those of $LATEST are those
// of the function without a qualifier.
func settingsOf(a Address) Address {
	if a.Qualifier == Latest {
		return a.Whole()
	}
	return a
}

// Lane returns where the events of an address go in the outbox, which it begins with the
// first one.
func (c *Catalog) Lane(tx store.Tx, a Address) (uint64, error) {
	if _, err := c.Find(a); err != nil {
		return 0, err
	}
	a = settingsOf(a)
	key := below(a, a.Qualifier)
	as := Async{Qualifier: a.Qualifier}
	if old := c.asyncs.In(tx).Find(key); old != nil {
		if old.Lane != 0 {
			return old.Lane, nil
		}
		as = *old
	}
	var err error
	if as.Lane, err = c.opt.Outbox.Begin(tx, a, &as); err != nil {
		return 0, err
	}
	return as.Lane, c.asyncs.In(tx).Put(key, &as)
}

// SetAsync sets what becomes of asynchronous events. What was set before goes, unless
// they are merged.
func (c *Catalog) SetAsync(ctx context.Context, by access.Caller, a Address, s AsyncSettings, merge bool) (*Async, error) {
	op := "PutFunctionEventInvokeConfig"
	if merge {
		op = "UpdateFunctionEventInvokeConfig"
	}
	if err := c.owned(by, a, op); err != nil {
		return nil, err
	}
	for _, to := range []string{s.OnSuccess, s.OnFailure} {
		if err := checkDestination(a, to); err != nil {
			return nil, err
		}
	}
	a = settingsOf(a)
	next := &Async{}
	return next, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		if c.functions.In(tx).Find(keyOf(a)) == nil {
			return fault.NotFound("The function doesn't exist.")
		}
		if err := c.there(tx, a); err != nil {
			return err
		}
		key := below(a, a.Qualifier)
		old := Async{Qualifier: a.Qualifier}
		if found := c.asyncs.In(tx).Find(key); found != nil {
			old = *found
		}
		if merge && !old.Configured {
			return noAsync(a)
		}
		*next = Async{Qualifier: a.Qualifier, Configured: true, AsyncSettings: s, Modified: millis()}
		if merge {
			next.AsyncSettings = old.merged(s)
		}
		return c.replace(tx, a, &old, next)
	})
}

// replace puts settings in the place of others: what waits goes on as it came in.
func (c *Catalog) replace(tx store.Tx, a Address, old, next *Async) (err error) {
	if old.Lane != 0 {
		if err := c.opt.Outbox.Retire(tx, old.Lane); err != nil {
			return err
		}
		if next.Lane, err = c.opt.Outbox.Begin(tx, a, next); err != nil {
			return err
		}
	}
	return c.asyncs.In(tx).Put(below(a, a.Qualifier), next)
}

func (a *Async) merged(s AsyncSettings) AsyncSettings {
	m := a.AsyncSettings
	if s.MaxAge != nil {
		m.MaxAge = s.MaxAge
	}
	if s.Retries != nil {
		m.Retries = s.Retries
	}
	m.OnSuccess, m.OnFailure = orElse(s.OnSuccess, m.OnSuccess), orElse(s.OnFailure, m.OnFailure)
	return m
}

// checkDestination says whether something may be told how an invocation went.
func checkDestination(a Address, to string) error {
	if to == "" {
		return nil
	}
	d, err := arn.Parse(to)
	switch {
	case err != nil:
		return fault.Invalid("The destination %q is no ARN.", to)
	case to == a.Whole().ARN() || strings.HasPrefix(to, a.Whole().ARN()+":"):
		return fault.Invalid("You can't specify the function as a destination for itself.")
	case d.Service != "sqs" || strings.HasSuffix(d.Resource, ".fifo"):
		return fault.Invalid("The destination %s is not offered: dari tells standard queues of SQS how invocations went.", to)
	}
	return nil
}

func noAsync(a Address) error {
	return fault.NotFound("The function %s doesn't have an EventInvokeConfig", qualified(a).ARN())
}

// qualified is an address as answers about asynchronous events name it.
func qualified(a Address) Address {
	if a.Qualifier == "" {
		return a.With(Latest)
	}
	return a
}

// Async returns the settings of a function's asynchronous events.
func (c *Catalog) Async(by access.Caller, a Address) (*Async, error) {
	if err := c.owned(by, a, "GetFunctionEventInvokeConfig"); err != nil {
		return nil, err
	}
	a = settingsOf(a)
	if as := c.asyncs.Find(below(a, a.Qualifier)); as != nil && as.Configured {
		return as, nil
	}
	return nil, noAsync(a)
}

// Asyncs returns those of all qualifiers of a function.
func (c *Catalog) Asyncs(by access.Caller, a Address) ([]*Async, error) {
	if err := c.owned(by, a, "ListFunctionEventInvokeConfigs"); err != nil {
		return nil, err
	}
	if c.functions.Find(keyOf(a)) == nil {
		return nil, fault.NotFound("The function doesn't exist.")
	}
	return slices.DeleteFunc(slices.Collect(c.asyncs.Each(a.Place, a.Name+"/")), func(as *Async) bool { return !as.Configured }), nil
}

// ForgetAsync takes the settings of a function's asynchronous events away.
func (c *Catalog) ForgetAsync(ctx context.Context, by access.Caller, a Address) error {
	if err := c.owned(by, a, "DeleteFunctionEventInvokeConfig"); err != nil {
		return err
	}
	a = settingsOf(a)
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		old := c.asyncs.In(tx).Find(below(a, a.Qualifier))
		if old == nil || !old.Configured {
			return noAsync(a)
		}
		return c.replace(tx, a, old, &Async{Qualifier: a.Qualifier})
	})
}

// AsyncOf returns the settings for those who carry events out; they are the defaults
// where there are none.
func (c *Catalog) AsyncOf(a Address) Async {
	a = settingsOf(a)
	if as := c.asyncs.Find(below(a, a.Qualifier)); as != nil {
		return *as
	}
	return Async{Qualifier: a.Qualifier}
}
