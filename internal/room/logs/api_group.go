package logs

import (
	"context"
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) groupRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateLogGroup", a.CreateLogGroup),
		wire.Op("DeleteLogGroup", a.DeleteLogGroup),
		wire.Op("DeleteRetentionPolicy", a.DeleteRetentionPolicy),
		wire.Op("DescribeLogGroups", a.DescribeLogGroups).Reads(),
		wire.Op("ListLogGroups", a.ListLogGroups).Reads(),
		wire.Op("PutLogGroupDeletionProtection", a.PutLogGroupDeletionProtection),
		wire.Op("PutRetentionPolicy", a.PutRetentionPolicy),
	}
}

type createLogGroupInput struct {
	LogGroupName              *string           `json:"logGroupName"`
	KmsKeyID                  *string           `json:"kmsKeyId"`
	Tags                      map[string]string `json:"tags"`
	LogGroupClass             *string           `json:"logGroupClass"`
	DeletionProtectionEnabled *bool             `json:"deletionProtectionEnabled"`
}

// CreateLogGroup makes a group.
func (a api) CreateLogGroup(ctx context.Context, in *createLogGroupInput) (*wire.None, error) {
	if in.KmsKeyID != nil {
		return nil, fault.Invalid("dari does not encrypt log events with keys of KMS; leave kmsKeyId out.")
	}
	g := groups.Group{Name: *in.LogGroupName, Class: groups.Standard, Tags: in.Tags, Protected: wire.Val(in.DeletionProtectionEnabled)}
	if in.LogGroupClass != nil {
		g.Class = *in.LogGroupClass
	}
	return &wire.None{}, a.CreateGroup(ctx, caller(ctx), g)
}

type groupInput struct {
	LogGroupName *string `json:"logGroupName"`
}

// DeleteLogGroup deletes a group and its events.
func (a api) DeleteLogGroup(ctx context.Context, in *groupInput) (*wire.None, error) {
	by := caller(ctx)
	return &wire.None{}, a.DeleteGroup(ctx, by, by.Place, *in.LogGroupName)
}

type putRetentionPolicyInput struct {
	LogGroupName    *string `json:"logGroupName"`
	RetentionInDays *int    `json:"retentionInDays"`
}

// PutRetentionPolicy says for how many days events are kept.
func (a api) PutRetentionPolicy(ctx context.Context, in *putRetentionPolicyInput) (*wire.None, error) {
	if !slices.Contains(groups.Retentions, *in.RetentionInDays) {
		return nil, fault.Invalid("1 validation error detected: Value '%d' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: %v", *in.RetentionInDays, groups.Retentions)
	}
	return &wire.None{}, a.SetRetention(ctx, caller(ctx), *in.LogGroupName, *in.RetentionInDays)
}

// DeleteRetentionPolicy has events kept for ever.
func (a api) DeleteRetentionPolicy(ctx context.Context, in *groupInput) (*wire.None, error) {
	return &wire.None{}, a.SetRetention(ctx, caller(ctx), *in.LogGroupName, 0)
}

type protectionInput struct {
	LogGroupIdentifier        *string `json:"logGroupIdentifier"`
	DeletionProtectionEnabled *bool   `json:"deletionProtectionEnabled"`
}

// PutLogGroupDeletionProtection protects a group from deletion, or no longer.
func (a api) PutLogGroupDeletionProtection(ctx context.Context, in *protectionInput) (*wire.None, error) {
	by := caller(ctx)
	at, name, err := of(by, nil, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Protect(ctx, by, at, name, *in.DeletionProtectionEnabled)
}

type describeLogGroupsInput struct {
	AccountIdentifiers    []string `json:"accountIdentifiers"`
	LogGroupNamePrefix    *string  `json:"logGroupNamePrefix"`
	LogGroupNamePattern   *string  `json:"logGroupNamePattern"`
	NextToken             *string  `json:"nextToken"`
	Limit                 *int     `json:"limit"`
	IncludeLinkedAccounts *bool    `json:"includeLinkedAccounts"`
	LogGroupClass         *string  `json:"logGroupClass"`
	LogGroupIdentifiers   []string `json:"logGroupIdentifiers"`
}

type describeLogGroupsOutput struct {
	LogGroups []logGroup `json:"logGroups" empty:"kept"`
	NextToken *string    `json:"nextToken,omitempty"`
}

type logGroup struct {
	LogGroupName              string `json:"logGroupName"`
	CreationTime              int64  `json:"creationTime"`
	RetentionInDays           *int   `json:"retentionInDays,omitempty"`
	MetricFilterCount         int    `json:"metricFilterCount"`
	Arn                       string `json:"arn"`
	StoredBytes               int64  `json:"storedBytes"`
	LogGroupClass             string `json:"logGroupClass"`
	LogGroupArn               string `json:"logGroupArn"`
	DeletionProtectionEnabled *bool  `json:"deletionProtectionEnabled,omitempty"`
}

// DescribeLogGroups lists groups with all there is to say of them.
func (a api) DescribeLogGroups(ctx context.Context, in *describeLogGroupsInput) (*describeLogGroupsOutput, error) {
	by := caller(ctx)
	if in.LogGroupNamePrefix != nil && in.LogGroupNamePattern != nil {
		return nil, fault.Invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	q := groups.Search{Prefix: wire.Val(in.LogGroupNamePrefix), Part: wire.Val(in.LogGroupNamePattern), Class: wire.Val(in.LogGroupClass)}
	if in.LogGroupIdentifiers != nil {
		q.Names = []string{}
	}
	for _, id := range in.LogGroupIdentifiers {
		at, name, err := of(by, nil, &id)
		if err != nil {
			return nil, err
		}
		if at == by.Place {
			q.Names = append(q.Names, name)
		}
	}
	if !ours(by, in.AccountIdentifiers) {
		q.Names = []string{}
	}
	rows, next, err := a.Groups(by, "DescribeLogGroups", q, wire.Val(in.NextToken), orLimit(in.Limit, 50))
	if err != nil {
		return nil, err
	}
	sizes, err := a.Sizes(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := &describeLogGroupsOutput{NextToken: wire.Opt(next)}
	for i, g := range rows {
		arn := groups.ARN(by.Place, g.Name).String()
		out.LogGroups = append(out.LogGroups, logGroup{
			LogGroupName: g.Name, CreationTime: g.Created, RetentionInDays: wire.Opt(g.Retention), Arn: arn + ":*",
			MetricFilterCount: a.Filters.CountMetrics(by.Place, g.Number), StoredBytes: sizes[i], LogGroupClass: g.Class, LogGroupArn: arn, DeletionProtectionEnabled: wire.Opt(g.Protected),
		})
	}
	return out, nil
}

// ours says whether a list of accounts, or none, has that of the caller. There is no
// monitoring of other accounts.
func ours(by access.Caller, accounts []string) bool {
	return len(accounts) == 0 || slices.Contains(accounts, by.Account)
}

func orLimit(limit *int, usual int) int {
	if limit == nil {
		return usual
	}
	return *limit
}

type listLogGroupsInput struct {
	AccountIdentifiers    []string     `json:"accountIdentifiers"`
	DataSources           []dataSource `json:"dataSources"`
	FieldIndexNames       []string     `json:"fieldIndexNames"`
	IncludeLinkedAccounts *bool        `json:"includeLinkedAccounts"`
	Limit                 *int         `json:"limit"`
	LogGroupClass         *string      `json:"logGroupClass"`
	LogGroupNamePattern   *string      `json:"logGroupNamePattern"`
	LogGroupTags          []tagFilter  `json:"logGroupTags"`
	NextToken             *string      `json:"nextToken"`
}

type dataSource struct {
	Name *string `json:"name"`
	Type *string `json:"type"`
}

type tagFilter struct {
	Key    *string  `json:"key"`
	Values []string `json:"values"`
}

type listLogGroupsOutput struct {
	LogGroups []logGroupSummary `json:"logGroups" empty:"kept"`
	NextToken *string           `json:"nextToken,omitempty"`
}

type logGroupSummary struct {
	LogGroupName  string `json:"logGroupName"`
	LogGroupArn   string `json:"logGroupArn"`
	LogGroupClass string `json:"logGroupClass"`
}

// ListLogGroups lists groups by their names.
func (a api) ListLogGroups(ctx context.Context, in *listLogGroupsInput) (*listLogGroupsOutput, error) {
	by := caller(ctx)
	if len(in.DataSources)+len(in.FieldIndexNames)+len(in.LogGroupTags) > 0 {
		return nil, fault.Invalid("dari lists log groups by the pattern of their names and by class; leave dataSources, fieldIndexNames and logGroupTags out.")
	}
	q := groups.Search{Part: wire.Val(in.LogGroupNamePattern), Class: wire.Val(in.LogGroupClass)}
	if !ours(by, in.AccountIdentifiers) {
		q.Names = []string{}
	}
	rows, next, err := a.Groups(by, "ListLogGroups", q, wire.Val(in.NextToken), orLimit(in.Limit, 50))
	if err != nil {
		return nil, err
	}
	out := &listLogGroupsOutput{NextToken: wire.Opt(next)}
	for _, g := range rows {
		out.LogGroups = append(out.LogGroups, logGroupSummary{g.Name, groups.ARN(by.Place, g.Name).String(), g.Class})
	}
	return out, nil
}
