package bus

import (
	"context"
	"fmt"
	"strings"

	"github.com/dari-bus/dari/internal/store"
)

// failing is a store whose updates run and are then lost.
type failing struct {
	store.Store
	err error
}

func (f failing) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	err := f.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return f.err
	}, opts...)
	return err
}

func (h *house) ruleARNOf(name string) string { return key{home.Place, DefaultName}.ruleARN(name) }

// describeAll prints everything that the operations show of the home place.
func (h *house) describeAll() string {
	var out strings.Builder
	buses, _, err := h.ListEventBuses(home, "", "", 0)
	fmt.Fprintln(&out, err)
	for _, b := range buses {
		tags, err := h.ListTagsForResource(home, b.ARN)
		fmt.Fprintf(&out, "%+v %v %v\n", b, tags, err)
		rules, _, err := h.ListRules(home, b.Name, "", "", 0)
		fmt.Fprintln(&out, err)
		for _, r := range rules {
			tags, err := h.ListTagsForResource(home, r.ARN)
			fmt.Fprintf(&out, "\t%+v %v %v\n", r, tags, err)
			targets, _, err := h.ListTargetsByRule(home, b.Name, r.Name, "", 0)
			fmt.Fprintf(&out, "\t\t%+v %v\n", targets, err)
		}
	}
	return out.String()
}

func (m *meddling) Update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	if before := m.before; before != nil {
		m.before = nil
		before()
	}
	return m.Store.Update(ctx, fn, opts...)
}
