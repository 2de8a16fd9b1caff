package serve

import (
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/dari-bus/dari/internal/room/restapi/accesslog"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/mapping"
)

// A plan is what serving makes of a deployment. Of its methods only those are compiled
// that are called.
type plan struct {
	root branch
	// binary are the media types whose bodies are no texts.
	binary []string
	of     *definition.Snapshot
}

func newPlan(d *definition.Deployment) *plan {
	p := &plan{binary: d.Snapshot.Binary, of: d.Snapshot}
	for i := range d.Snapshot.Nodes {
		p.root.grow(&d.Snapshot.Nodes[i])
	}
	return p
}

// A method is one of a deployment, compiled when it is called first.
type method struct {
	verb string
	node *definition.Node
	of   *definition.Method

	once       sync.Once
	templates  *mapping.Templates
	parameters *mapping.Parameters
	selection  *mapping.Selection
	answers    []answer // in the order of their statuses, as those of selection
	err        error
}

// An answer is a compiled integration response.
type answer struct {
	status     int
	of         *definition.IntegrationResponse
	templates  *mapping.Templates
	parameters *mapping.Parameters
}

// compile makes a method ready. An error says what in it cannot be used.
func (m *method) compile() error {
	m.once.Do(func() { m.err = m.prepare() })
	return m.err
}

func (m *method) prepare() (err error) {
	i := m.of.Integration
	m.templates = mapping.CompileTemplates(i.Templates)
	if m.parameters, err = mapping.CompileRequestParameters(i.Parameters); err != nil {
		return err
	}
	var patterns []string
	for _, status := range slices.Sorted(maps.Keys(i.Responses)) {
		a := answer{of: i.Responses[status], templates: mapping.CompileTemplates(i.Responses[status].Templates)}
		if a.status, err = strconv.Atoi(status); err != nil {
			return err
		}
		if a.parameters, err = mapping.CompileResponseParameters(a.of.Parameters); err != nil {
			return err
		}
		pattern := ""
		if a.of.Selection != nil {
			pattern = *a.of.Selection
		}
		m.answers, patterns = append(m.answers, a), append(patterns, pattern)
	}
	m.selection, err = mapping.CompileSelection(patterns)
	return err
}

// A shelf keeps what was made of things that never change, under them, and forgets some of
// it when that is too much.
type shelf[K comparable, V any] struct {
	most int
	mu   sync.Mutex
	all  map[K]kept[V]
	size int
}

type kept[V any] struct {
	value V
	size  int
}

// get returns what is kept under a key, which else is made.
func (s *shelf[K, V]) get(key K, size int, makes func() V) V {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.all[key]; ok {
		return k.value
	}
	if s.all == nil {
		s.all = map[K]kept[V]{}
	}
	for other, k := range s.all { // any one: what is asked for often is there again soon
		if s.size+size <= s.most {
			break
		}
		delete(s.all, other)
		s.size -= k.size
	}
	v := makes()
	s.all[key], s.size = kept[V]{v, size}, s.size+size
	return v
}

// What is kept of deployments, counted as the deployments are, and of formats of access
// logs, by their lengths.
const (
	mostPlans   = 16 << 20
	mostFormats = 1 << 20
	extraSize   = 4 << 10
)

func (s *Service) planOf(d *definition.Deployment) *plan {
	return s.plans.get(d, d.Bytes+extraSize, func() *plan { return newPlan(d) })
}

// formatOf returns the format of a stage's access log, nil for one that is none.
func (s *Service) formatOf(st *definition.Stage) *accesslog.Format {
	return s.formats.get(st.LogFormat, len(st.LogFormat)+extraSize, func() *accesslog.Format {
		f, err := accesslog.Compile(st.LogFormat, false)
		if err != nil {
			return nil // the stage took it: it has nothing that a line could be made of
		}
		return f
	})
}
