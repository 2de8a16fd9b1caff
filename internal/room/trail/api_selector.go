package trail

import (
	"cmp"
	"context"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/trail/trails"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) selectorRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("GetEventSelectors", a.GetEventSelectors).Reads(),
		wire.Op("GetInsightSelectors", a.GetInsightSelectors).Reads(),
		wire.Op("PutEventSelectors", a.PutEventSelectors),
		wire.Op("PutInsightSelectors", a.PutInsightSelectors),
	}
}

type eventSelector struct {
	ReadWriteType                 *string
	IncludeManagementEvents       *bool
	DataResources                 []dataResource
	ExcludeManagementEventSources []string
}

type dataResource struct {
	Type   *string
	Values []string
}

type advancedEventSelector struct {
	Name           *string
	FieldSelectors []fieldSelector
}

type fieldSelector struct {
	Field                                 *string
	Equals, StartsWith, EndsWith          []string
	NotEquals, NotStartsWith, NotEndsWith []string
}

// The same as answers have them, where what is empty is said of basic selectors and
// not of advanced ones.
type shownSelector struct {
	ReadWriteType                 string
	IncludeManagementEvents       bool
	DataResources                 []shownResource `empty:"kept"`
	ExcludeManagementEventSources []string        `empty:"kept"`
}

type shownResource struct {
	Type   string
	Values []string `json:",omitempty"`
}

type shownAdvanced struct {
	Name           string       `json:",omitempty"`
	FieldSelectors []shownField `empty:"kept"`
}

type shownField struct {
	Field         string
	Equals        []string `json:",omitempty"`
	StartsWith    []string `json:",omitempty"`
	EndsWith      []string `json:",omitempty"`
	NotEquals     []string `json:",omitempty"`
	NotStartsWith []string `json:",omitempty"`
	NotEndsWith   []string `json:",omitempty"`
}

type putEventSelectorsInput struct {
	TrailName              *string
	EventSelectors         []eventSelector
	AdvancedEventSelectors []advancedEventSelector
}

type eventSelectorsOutput struct {
	TrailARN               string
	EventSelectors         []shownSelector `json:",omitempty"`
	AdvancedEventSelectors []shownAdvanced `json:",omitempty"`
}

func (in *putEventSelectorsInput) read() (basic []trails.Basic, advanced []trails.Advanced) {
	for _, s := range in.EventSelectors {
		b := trails.Basic{
			Type:       cmp.Or(wire.Val(s.ReadWriteType), "All"),
			Management: s.IncludeManagementEvents == nil || *s.IncludeManagementEvents,
			Except:     s.ExcludeManagementEventSources,
		}
		for _, d := range s.DataResources {
			b.Data = append(b.Data, trails.Resource{Type: wire.Val(d.Type), Values: d.Values})
		}
		basic = append(basic, b)
	}
	for _, s := range in.AdvancedEventSelectors {
		one := trails.Advanced{Name: wire.Val(s.Name)}
		for _, f := range s.FieldSelectors {
			one.Conditions = append(one.Conditions, trails.Condition{
				Field: *f.Field, Equals: f.Equals, StartsWith: f.StartsWith, EndsWith: f.EndsWith,
				NotEquals: f.NotEquals, NotStarts: f.NotStartsWith, NotEndWith: f.NotEndsWith,
			})
		}
		advanced = append(advanced, one)
	}
	return basic, advanced
}

func showSelectors(t *trails.Trail) *eventSelectorsOutput {
	out := &eventSelectorsOutput{TrailARN: t.ARN()}
	basic := t.Basic
	if len(basic)+len(t.Advanced) == 0 {
		basic = []trails.Basic{{Type: "All", Management: true}}
	}
	for _, s := range basic {
		b := shownSelector{ReadWriteType: s.Type, IncludeManagementEvents: s.Management, ExcludeManagementEventSources: s.Except}
		for _, d := range s.Data {
			b.DataResources = append(b.DataResources, shownResource(d))
		}
		out.EventSelectors = append(out.EventSelectors, b)
	}
	for _, s := range t.Advanced {
		one := shownAdvanced{Name: s.Name}
		for _, c := range s.Conditions {
			one.FieldSelectors = append(one.FieldSelectors, shownField{c.Field, c.Equals, c.StartsWith, c.EndsWith, c.NotEquals, c.NotStarts, c.NotEndWith})
		}
		out.AdvancedEventSelectors = append(out.AdvancedEventSelectors, one)
	}
	return out
}

// PutEventSelectors says which events a trail has.
func (a api) PutEventSelectors(ctx context.Context, in *putEventSelectorsInput) (*eventSelectorsOutput, error) {
	t, err := a.trails.Change(ctx, caller(ctx), "PutEventSelectors", *in.TrailName, func(t *trails.Trail) error {
		t.Basic, t.Advanced = in.read()
		return trails.CheckSelectors(t.Basic, t.Advanced)
	})
	if err != nil {
		return nil, err
	}
	return showSelectors(t), nil
}

type trailNameInput struct {
	TrailName *string
}

// GetEventSelectors returns that.
func (a api) GetEventSelectors(ctx context.Context, in *trailNameInput) (*eventSelectorsOutput, error) {
	t, err := a.trails.Get(caller(ctx), "GetEventSelectors", *in.TrailName)
	if err != nil {
		return nil, err
	}
	return showSelectors(t), nil
}

type insightSelector struct {
	InsightType     *string
	EventCategories []string
}

type putInsightSelectorsInput struct {
	TrailName           *string
	EventDataStore      *string
	InsightsDestination *string
	InsightSelectors    []insightSelector
}

type getInsightSelectorsInput struct {
	TrailName      *string
	EventDataStore *string
}

type shownInsight struct {
	InsightType     string
	EventCategories []string `empty:"kept"`
}

type insightSelectorsOutput struct {
	TrailARN         string
	InsightSelectors []shownInsight `empty:"kept"`
}

// ofTrail returns the trail that an operation on insights is about.
func ofTrail(name, dataStore, destination *string) (string, error) {
	if name == nil || wire.Val(dataStore) != "" || wire.Val(destination) != "" {
		return "", fault.Invalid("Give TrailName alone: there are no event data stores.").WithCode("InvalidParameterCombinationException")
	}
	return *name, nil
}

// GetInsightSelectors says that nobody looks for insights.
func (a api) GetInsightSelectors(ctx context.Context, in *getInsightSelectorsInput) (*insightSelectorsOutput, error) {
	name, err := ofTrail(in.TrailName, in.EventDataStore, nil)
	if err != nil {
		return nil, err
	}
	t, err := a.trails.Get(caller(ctx), "GetInsightSelectors", name)
	if err != nil {
		return nil, err
	}
	return nil, fault.Invalid("Trail %s does not have Insights enabled. Edit the trail settings to enable Insights, and then try the operation again.", t.ARN()).WithCode("InsightNotEnabledException")
}

// PutInsightSelectors turns insights off; they cannot be turned on.
func (a api) PutInsightSelectors(ctx context.Context, in *putInsightSelectorsInput) (*insightSelectorsOutput, error) {
	name, err := ofTrail(in.TrailName, in.EventDataStore, in.InsightsDestination)
	if err != nil {
		return nil, err
	}
	t, err := a.trails.Get(caller(ctx), "PutInsightSelectors", name)
	if err != nil {
		return nil, err
	}
	if len(in.InsightSelectors) > 0 {
		return nil, fault.Invalid("Nobody looks for insights here. Give no InsightSelectors.").WithCode("UnsupportedOperationException")
	}
	return &insightSelectorsOutput{TrailARN: t.ARN()}, nil
}
