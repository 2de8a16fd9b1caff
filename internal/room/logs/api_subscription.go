package logs

import (
	"cmp"
	"context"

	"github.com/dari-bus/dari/internal/room/logs/filters"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) subscriptionRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("DeleteSubscriptionFilter", a.DeleteSubscriptionFilter),
		wire.Op("DescribeSubscriptionFilters", a.DescribeSubscriptionFilters).Reads(),
		wire.Op("PutSubscriptionFilter", a.PutSubscriptionFilter),
	}
}

// byStream is how AWS distributes events unless it is told otherwise.
const byStream = "ByLogStream"

type putSubscriptionFilterInput struct {
	LogGroupName           *string  `json:"logGroupName"`
	FilterName             *string  `json:"filterName"`
	FilterPattern          *string  `json:"filterPattern"`
	DestinationArn         *string  `json:"destinationArn"`
	RoleArn                *string  `json:"roleArn"`
	Distribution           *string  `json:"distribution"`
	ApplyOnTransformedLogs *bool    `json:"applyOnTransformedLogs"`
	FieldSelectionCriteria *string  `json:"fieldSelectionCriteria"`
	EmitSystemFields       []string `json:"emitSystemFields"`
}

// PutSubscriptionFilter has the events of a group that match a pattern sent on.
func (a api) PutSubscriptionFilter(ctx context.Context, in *putSubscriptionFilterInput) (*wire.None, error) {
	if err := untransformed(in.ApplyOnTransformedLogs, in.EmitSystemFields, in.FieldSelectionCriteria); err != nil {
		return nil, err
	}
	return &wire.None{}, a.Filters.PutSubscription(ctx, caller(ctx), filters.Subscription{
		Group: *in.LogGroupName, Name: *in.FilterName, Pattern: *in.FilterPattern, Destination: *in.DestinationArn,
		Role: wire.Val(in.RoleArn), Distribution: cmp.Or(wire.Val(in.Distribution), byStream),
	})
}

// DeleteSubscriptionFilter ends a subscription.
func (a api) DeleteSubscriptionFilter(ctx context.Context, in *filterInput) (*wire.None, error) {
	return &wire.None{}, a.Filters.DeleteSubscription(ctx, caller(ctx), *in.LogGroupName, *in.FilterName)
}

type describeSubscriptionFiltersInput struct {
	LogGroupName     *string `json:"logGroupName"`
	FilterNamePrefix *string `json:"filterNamePrefix"`
	NextToken        *string `json:"nextToken"`
	Limit            *int    `json:"limit"`
}

type describeSubscriptionFiltersOutput struct {
	SubscriptionFilters []subscriptionFilter `json:"subscriptionFilters" empty:"kept"`
	NextToken           *string              `json:"nextToken,omitempty"`
}

type subscriptionFilter struct {
	FilterName             string  `json:"filterName"`
	LogGroupName           string  `json:"logGroupName"`
	FilterPattern          string  `json:"filterPattern"`
	DestinationArn         string  `json:"destinationArn"`
	RoleArn                *string `json:"roleArn,omitempty"`
	Distribution           string  `json:"distribution"`
	ApplyOnTransformedLogs bool    `json:"applyOnTransformedLogs"`
	CreationTime           int64   `json:"creationTime"`
}

// DescribeSubscriptionFilters lists the subscriptions to a group.
func (a api) DescribeSubscriptionFilters(ctx context.Context, in *describeSubscriptionFiltersInput) (*describeSubscriptionFiltersOutput, error) {
	rows, next, err := a.Filters.Subscriptions(caller(ctx), *in.LogGroupName, in.FilterNamePrefix, wire.Val(in.NextToken), orLimit(in.Limit, 50))
	if err != nil {
		return nil, err
	}
	out := &describeSubscriptionFiltersOutput{NextToken: wire.Opt(next)}
	for _, f := range rows {
		out.SubscriptionFilters = append(out.SubscriptionFilters, subscriptionFilter{
			FilterName: f.Name, LogGroupName: f.Group, FilterPattern: f.Pattern, DestinationArn: f.Destination,
			RoleArn: wire.Opt(f.Role), Distribution: f.Distribution, CreationTime: f.Created,
		})
	}
	return out, nil
}
