package logs

import (
	"context"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) metricRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("DeleteMetricFilter", a.DeleteMetricFilter),
		wire.Op("DescribeMetricFilters", a.DescribeMetricFilters).Reads(),
		wire.Op("PutMetricFilter", a.PutMetricFilter),
		wire.Op("TestMetricFilter", a.TestMetricFilter).Reads(),
	}
}

// untransformed refuses what is about events that were transformed, or came from
// other accounts, of which there are none.
func untransformed(apply *bool, fields []string, criteria *string) error {
	if wire.Val(apply) || len(fields) > 0 || criteria != nil {
		return fault.Invalid("dari does not transform log events, nor does it collect those of other accounts; leave applyOnTransformedLogs, fieldSelectionCriteria and the list of system fields out.")
	}
	return nil
}

type metricTransformation struct {
	MetricName      *string           `json:"metricName"`
	MetricNamespace *string           `json:"metricNamespace"`
	MetricValue     *string           `json:"metricValue"`
	DefaultValue    *float64          `json:"defaultValue,omitempty"`
	Dimensions      map[string]string `json:"dimensions,omitempty"`
	Unit            *string           `json:"unit,omitempty"`
}

type putMetricFilterInput struct {
	LogGroupName              *string                `json:"logGroupName"`
	FilterName                *string                `json:"filterName"`
	FilterPattern             *string                `json:"filterPattern"`
	MetricTransformations     []metricTransformation `json:"metricTransformations" empty:"kept"`
	ApplyOnTransformedLogs    *bool                  `json:"applyOnTransformedLogs"`
	FieldSelectionCriteria    *string                `json:"fieldSelectionCriteria"`
	EmitSystemFieldDimensions []string               `json:"emitSystemFieldDimensions"`
}

// PutMetricFilter makes a metric filter, or replaces one.
func (a api) PutMetricFilter(ctx context.Context, in *putMetricFilterInput) (*wire.None, error) {
	if err := untransformed(in.ApplyOnTransformedLogs, in.EmitSystemFieldDimensions, in.FieldSelectionCriteria); err != nil {
		return nil, err
	}
	t := &in.MetricTransformations[0]
	return &wire.None{}, a.Filters.PutMetric(ctx, caller(ctx), filters.Metric{
		Group: *in.LogGroupName, Name: *in.FilterName, Pattern: *in.FilterPattern,
		Transformation: filters.Transformation{
			Metric: *t.MetricName, Namespace: *t.MetricNamespace, Value: *t.MetricValue,
			Default: t.DefaultValue, Dimensions: t.Dimensions, Unit: wire.Val(t.Unit),
		},
	})
}

type filterInput struct {
	LogGroupName *string `json:"logGroupName"`
	FilterName   *string `json:"filterName"`
}

// DeleteMetricFilter deletes a metric filter.
func (a api) DeleteMetricFilter(ctx context.Context, in *filterInput) (*wire.None, error) {
	return &wire.None{}, a.Filters.DeleteMetric(ctx, caller(ctx), *in.LogGroupName, *in.FilterName)
}

type describeMetricFiltersInput struct {
	LogGroupName     *string `json:"logGroupName"`
	FilterNamePrefix *string `json:"filterNamePrefix"`
	MetricName       *string `json:"metricName"`
	MetricNamespace  *string `json:"metricNamespace"`
	NextToken        *string `json:"nextToken"`
	Limit            *int    `json:"limit"`
}

type describeMetricFiltersOutput struct {
	MetricFilters []metricFilter `json:"metricFilters" empty:"kept"`
	NextToken     *string        `json:"nextToken,omitempty"`
}

type metricFilter struct {
	FilterName             string                 `json:"filterName"`
	FilterPattern          string                 `json:"filterPattern"`
	MetricTransformations  []metricTransformation `json:"metricTransformations" empty:"kept"`
	CreationTime           int64                  `json:"creationTime"`
	LogGroupName           string                 `json:"logGroupName"`
	ApplyOnTransformedLogs bool                   `json:"applyOnTransformedLogs"`
}

// DescribeMetricFilters lists metric filters, of one group or of all.
func (a api) DescribeMetricFilters(ctx context.Context, in *describeMetricFiltersInput) (*describeMetricFiltersOutput, error) {
	q := filters.Search{Group: in.LogGroupName, Prefix: in.FilterNamePrefix, Metric: in.MetricName, Namespace: in.MetricNamespace}
	rows, next, err := a.Filters.Metrics(caller(ctx), q, wire.Val(in.NextToken), orLimit(in.Limit, 50))
	if err != nil {
		return nil, err
	}
	out := &describeMetricFiltersOutput{NextToken: wire.Opt(next)}
	for _, m := range rows {
		t := metricTransformation{&m.Metric, &m.Namespace, &m.Value, m.Default, m.Dimensions, wire.Opt(m.Unit)}
		out.MetricFilters = append(out.MetricFilters, metricFilter{
			FilterName: m.Name, FilterPattern: m.Pattern, MetricTransformations: []metricTransformation{t},
			CreationTime: m.Created, LogGroupName: m.Group,
		})
	}
	return out, nil
}

type testMetricFilterInput struct {
	FilterPattern    *string  `json:"filterPattern"`
	LogEventMessages []string `json:"logEventMessages"`
}

type testMetricFilterOutput struct {
	Matches []metricFilterMatch `json:"matches" empty:"kept"`
}

type metricFilterMatch struct {
	EventNumber     int64             `json:"eventNumber"`
	EventMessage    string            `json:"eventMessage"`
	ExtractedValues map[string]string `json:"extractedValues" empty:"kept"`
}

// TestMetricFilter tries a filter pattern on texts.
func (a api) TestMetricFilter(ctx context.Context, in *testMetricFilterInput) (*testMetricFilterOutput, error) {
	by := caller(ctx)
	if err := a.Allow(by, by.Place, "TestMetricFilter", ""); err != nil {
		return nil, err
	}
	p, err := filters.Compile(*in.FilterPattern)
	if err != nil {
		return nil, err
	}
	out := &testMetricFilterOutput{}
	for i, m := range in.LogEventMessages {
		if p.Match([]byte(m)) {
			out.Matches = append(out.Matches, metricFilterMatch{int64(i + 1), m, p.Extract([]byte(m))})
		}
	}
	return out, nil
}
