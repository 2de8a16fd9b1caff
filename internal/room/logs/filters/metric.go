package filters

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/filter"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/store"
)

// A Metric is a metric filter, as it is stored.
type Metric struct {
	Group, Name, Pattern string
	// Created is in Unix milliseconds.
	Created int64
	// Regexes is how many regular expressions the pattern has.
	Regexes int `json:",omitempty"`
	Transformation
}

// A Transformation says what an event that matches is worth to which metric.
type Transformation struct {
	Metric, Namespace, Value string
	Default                  *float64          `json:",omitempty"`
	Dimensions               map[string]string `json:",omitempty"`
	Unit                     string            `json:",omitempty"`
}

const maxDimensions = 3

// check refuses a transformation that does not go with a pattern.
func (t *Transformation) check(p *filter.Pattern) error {
	switch {
	case len(t.Dimensions) > 0 && t.Default != nil:
		return fault.Invalid("Invalid metric transformation: dimensions and default value are mutually exclusive properties")
	case len(t.Dimensions) > 0 && p.Kind() == filter.Terms:
		return fault.Invalid("The specified filter pattern does not support dimensions")
	case len(t.Dimensions) > maxDimensions:
		return fault.Invalid("Invalid metric transformation: it has %d dimensions, and may have %d", len(t.Dimensions), maxDimensions)
	}
	for name, value := range t.Dimensions {
		if !strings.HasPrefix(value, "$") {
			return fault.Invalid("Invalid metric transformation: the dimension %s must be a field of the pattern, such as $.name or $name", name)
		}
	}
	if strings.HasPrefix(t.Value, "$") && p.Kind() != filter.Terms {
		return nil
	}
	if _, err := strconv.ParseFloat(t.Value, 64); err != nil {
		return fault.Invalid("Invalid metric transformation: metricValue must be a number or a field of the pattern, such as $.name or $name")
	}
	return nil
}

// PutMetric makes a metric filter, or replaces the one of that name.
func (s *Service) PutMetric(ctx context.Context, by access.Caller, m Metric) error {
	if err := s.opt.Groups.Allow(by, by.Place, "PutMetricFilter", m.Group); err != nil {
		return err
	}
	p, err := Compile(m.Pattern)
	if err != nil {
		return err
	}
	if err := m.check(p); err != nil {
		return err
	}
	m.Regexes, m.Created = p.Regexes(), time.Now().UnixMilli()
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		group, err := s.opt.Groups.Number(by.Place, m.Group)
		if err != nil {
			return err
		}
		key := keyOf(by.Place, group, m.Name)
		if old := s.metrics.Find(key); old != nil {
			m.Created = old.Created
		} else if s.metrics.Count(by.Place, of(group)) >= MaxMetrics {
			return errFull
		}
		if m.Regexes > 0 && s.regexes(by.Place, group, m.Name, "") >= maxRegexes {
			return errFull
		}
		return s.metrics.In(tx).Put(key, &m)
	})
}

// DeleteMetric deletes a metric filter.
func (s *Service) DeleteMetric(ctx context.Context, by access.Caller, group, name string) error {
	if err := s.opt.Groups.Allow(by, by.Place, "DeleteMetricFilter", group); err != nil {
		return err
	}
	return s.opt.Store.Update(ctx, func(tx store.Tx) error {
		n, err := s.opt.Groups.Number(by.Place, group)
		if err != nil {
			return err
		}
		_, err = s.metrics.In(tx).Delete(keyOf(by.Place, n, name))
		return err
	}, store.Draining)
}

// A Search says which metric filters are meant. Nil is any.
type Search struct {
	Group, Prefix, Metric, Namespace *string
}

// Metrics returns a page of the metric filters of a group, or of all.
func (s *Service) Metrics(by access.Caller, q Search, token string, limit int) ([]*Metric, string, error) {
	group, prefix := "", ""
	if q.Group != nil {
		group = *q.Group
	}
	if err := s.opt.Groups.Allow(by, by.Place, "DescribeMetricFilters", group); err != nil {
		return nil, "", err
	}
	if (q.Metric == nil) != (q.Namespace == nil) {
		return nil, "", fault.Invalid("metricName and metricNamespace go together: give both or neither.")
	}
	if q.Group != nil {
		n, err := s.opt.Groups.Number(by.Place, group)
		if err != nil {
			return nil, "", err
		}
		prefix = of(n)
	}
	var rows []*Metric
	for m := range s.metrics.Each(by.Place, prefix) {
		if begins(m.Name, q.Prefix) && (q.Metric == nil || m.Metric == *q.Metric && m.Namespace == *q.Namespace) {
			rows = append(rows, m)
		}
	}
	slices.SortFunc(rows, func(a, b *Metric) int { return cmp.Compare(a.order(), b.order()) })
	return page.Clip(rows, (*Metric).order, token, limit)
}

// order is what filters are listed by. A name has no colon.
func (m *Metric) order() string { return m.Name + "\x00" + m.Group }

// CountMetrics returns how many metric filters a group has.
func (s *Service) CountMetrics(at access.Place, group uint64) int {
	return s.metrics.Count(at, of(group))
}
