package watch

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

func (m metric) counter(reg prometheus.Registerer) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: m.name, Help: m.help})
	reg.MustRegister(c)
	return c
}

func counters(reg prometheus.Registerer, m metric) family[prometheus.Counter] {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.name, Help: m.help}, m.labels)
	reg.MustRegister(v)
	return family[prometheus.Counter]{names: m.labels, child: v.WithLabelValues}
}

func histograms(reg prometheus.Registerer, m metric) family[prometheus.Observer] {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: m.name, Help: m.help, Buckets: m.buckets}, m.labels)
	reg.MustRegister(v)
	return family[prometheus.Observer]{names: m.labels, child: v.WithLabelValues}
}

// labels are the values of a metric's labels; those that it does not have are "".
type labels [3]string

// maxChildren bounds what a metric can grow to, whatever the codes that targets
// come up with. There are about a dozen codes and as many kinds.
const maxChildren = 500

// A family is a metric with labels. It keeps its children at hand, so that
// finding one again allocates nothing. It must not be copied once it is in use.
type family[C any] struct {
	names []string
	child func(values ...string) C

	mu       sync.RWMutex
	children map[labels]C
}

// of returns the child for l.
func (f *family[C]) of(l labels) C {
	f.mu.RLock()
	c, ok := f.children[l]
	f.mu.RUnlock()
	if ok {
		return c
	}
	return f.add(l)
}

// add returns the child for l and keeps it. Beyond maxChildren, all values are
// "other".
func (f *family[C]) add(l labels) C {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.children) >= maxChildren {
		l = labels{"other", "other", "other"}
	}
	if c, ok := f.children[l]; ok {
		return c
	}
	if f.children == nil {
		f.children = map[labels]C{}
	}
	c := f.child(l[:len(f.names)]...)
	f.children[l] = c
	return c
}
