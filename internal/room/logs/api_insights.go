package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/insights"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/room/logs/query"
	"github.com/dari-bus/dari/internal/store/table"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) insightsRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("DeleteQueryDefinition", a.DeleteQueryDefinition),
		wire.Op("DescribeQueries", a.DescribeQueries).Reads(),
		wire.Op("DescribeQueryDefinitions", a.DescribeQueryDefinitions).Reads(),
		wire.Op("GetLogGroupFields", a.GetLogGroupFields).Reads(),
		wire.Op("GetLogRecord", a.GetLogRecord).Reads().OnData(),
		wire.Op("GetQueryResults", a.GetQueryResults).Reads().OnData(),
		wire.Op("PutQueryDefinition", a.PutQueryDefinition),
		wire.Op("StartQuery", a.StartQuery).Reads(),
		wire.Op("StopQuery", a.StopQuery).Reads(),
	}
}

// language is the one that queries may be in, of AWS's three.
const language = "CWLI"

type startQueryInput struct {
	QueryLanguage       *string  `json:"queryLanguage"`
	LogGroupName        *string  `json:"logGroupName"`
	LogGroupNames       []string `json:"logGroupNames"`
	LogGroupIdentifiers []string `json:"logGroupIdentifiers"`
	StartTime           *int64   `json:"startTime"`
	EndTime             *int64   `json:"endTime"`
	QueryString         *string  `json:"queryString"`
	Limit               *int     `json:"limit"`
}

type startQueryOutput struct {
	QueryID string `json:"queryId"`
}

// A malformedQuery is what AWS says of a query beside that it is none.
type malformedQuery struct {
	QueryCompileError queryCompileError `json:"queryCompileError"`
}

type queryCompileError struct {
	Location queryCompileErrorLocation `json:"location"`
	Message  string                    `json:"message"`
}

type queryCompileErrorLocation struct {
	StartCharOffset int `json:"startCharOffset"`
	EndCharOffset   int `json:"endCharOffset"`
}

// StartQuery takes a query in.
func (a api) StartQuery(ctx context.Context, in *startQueryInput) (*startQueryOutput, error) {
	by := caller(ctx)
	if err := spoken(in.QueryLanguage); err != nil {
		return nil, err
	}
	groups, err := in.groups(by)
	if err != nil {
		return nil, err
	}
	const seconds = 1000
	if *in.StartTime > maxSeconds || *in.EndTime > maxSeconds {
		return nil, fault.Invalid("startTime and endTime are in seconds since 1970; %d is too much.", max(*in.StartTime, *in.EndTime))
	}
	job, err := a.queries.StartQuery(by, groups, *in.StartTime*seconds, *in.EndTime*seconds, *in.QueryString, orLimit(in.Limit, 10_000))
	if e, ok := errors.AsType[*insights.Error](err); ok {
		return nil, &wire.Error{Code: "MalformedQueryException", Message: e.Message,
			Members: &malformedQuery{queryCompileError{queryCompileErrorLocation{e.Start, e.End}, e.Message}}}
	}
	if err != nil {
		return nil, err
	}
	return &startQueryOutput{job.ID}, nil
}

// maxSeconds is far beyond what anybody means in seconds.
const maxSeconds = 1 << 40

func spoken(lang *string) error {
	if lang != nil && *lang != language {
		return fault.Invalid("Queries are in the language of Logs Insights, %s; dari does not offer %s.", language, *lang)
	}
	return nil
}

// groups returns the groups that a query names, in one of three ways.
func (in *startQueryInput) groups(by access.Caller) (all []table.Key, err error) {
	names := in.LogGroupNames
	if in.LogGroupName != nil {
		names = append([]string{*in.LogGroupName}, names...)
	}
	if (len(names) > 0) == (len(in.LogGroupIdentifiers) > 0) || in.LogGroupName != nil && in.LogGroupNames != nil {
		return nil, fault.Invalid("A query names its log groups in one of logGroupName, logGroupNames and logGroupIdentifiers; the command SOURCE is not offered.")
	}
	for _, n := range names {
		all = append(all, table.Key{Place: by.Place, Name: n})
	}
	for _, id := range in.LogGroupIdentifiers {
		at, name, err := of(by, nil, &id)
		if err != nil {
			return nil, err
		}
		all = append(all, table.Key{Place: at, Name: name})
	}
	return all, nil
}

type queryInput struct {
	QueryID *string `json:"queryId"`
}

type successOutput struct {
	Success bool `json:"success"`
}

// StopQuery ends a query.
func (a api) StopQuery(ctx context.Context, in *queryInput) (*successOutput, error) {
	job, err := a.queries.Query(caller(ctx), "StopQuery", *in.QueryID)
	if err != nil {
		return nil, err
	}
	if !job.Stop() {
		return nil, fault.Invalid("Provided query with ID %s has already ended with status: %s", job.ID, job.State().Status)
	}
	return &successOutput{true}, nil
}

type getQueryResultsInput struct {
	QueryID   *string `json:"queryId"`
	NextToken *string `json:"nextToken"`
	MaxItems  *int    `json:"maxItems"`
}

type getQueryResultsOutput struct {
	QueryLanguage string          `json:"queryLanguage"`
	Results       [][]resultField `json:"results" empty:"kept"`
	Statistics    queryStatistics `json:"statistics"`
	Status        string          `json:"status"`
	NextToken     *string         `json:"nextToken,omitempty"`
}

type resultField struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

type queryStatistics struct {
	RecordsMatched          float64 `json:"recordsMatched"`
	RecordsScanned          float64 `json:"recordsScanned"`
	EstimatedRecordsSkipped float64 `json:"estimatedRecordsSkipped"`
	BytesScanned            float64 `json:"bytesScanned"`
	EstimatedBytesSkipped   float64 `json:"estimatedBytesSkipped"`
	LogGroupsScanned        float64 `json:"logGroupsScanned"`
	ResultCount             float64 `json:"resultCount"`
}

// maxResultBytes bounds a page of results. One row always fits.
const maxResultBytes = 4 << 20

// GetQueryResults returns what came of a query.
func (a api) GetQueryResults(ctx context.Context, in *getQueryResultsInput) (*getQueryResultsOutput, error) {
	job, err := a.queries.Query(caller(ctx), "GetQueryResults", *in.QueryID)
	if err != nil {
		return nil, err
	}
	state := job.State()
	from := 0
	if in.NextToken != nil {
		text, err := page.Decode(*in.NextToken)
		if from, _ = strconv.Atoi(text); err != nil || from < 0 || from > len(state.Rows) {
			return nil, page.ErrToken
		}
	}
	limit := wire.Val(in.MaxItems)
	if limit == 0 {
		limit = 10_000
	}
	out := &getQueryResultsOutput{QueryLanguage: language, Status: string(state.Status), Statistics: queryStatistics{
		RecordsMatched: float64(state.Matched), RecordsScanned: float64(state.Scanned), BytesScanned: float64(state.Bytes),
		LogGroupsScanned: float64(len(job.Groups)), ResultCount: float64(len(state.Rows)),
	}}
	size := 0
	for _, row := range state.Rows[from:] {
		fields := []resultField{}
		for _, f := range row {
			fields = append(fields, resultField{f.Name, f.Value})
			size += len(f.Name) + len(f.Value)
		}
		if n := len(out.Results); n == limit || n > 0 && size > maxResultBytes {
			out.NextToken = wire.Opt(page.Encode(strconv.Itoa(from + n)))
			break
		}
		out.Results = append(out.Results, fields)
	}
	return out, nil
}

type describeQueriesInput struct {
	LogGroupName  *string `json:"logGroupName"`
	Status        *string `json:"status"`
	MaxResults    *int    `json:"maxResults"`
	NextToken     *string `json:"nextToken"`
	QueryLanguage *string `json:"queryLanguage"`
}

type describeQueriesOutput struct {
	Queries   []queryInfo `json:"queries" empty:"kept"`
	NextToken *string     `json:"nextToken,omitempty"`
}

type queryInfo struct {
	QueryLanguage string  `json:"queryLanguage"`
	QueryID       string  `json:"queryId"`
	QueryString   string  `json:"queryString"`
	Status        string  `json:"status"`
	CreateTime    int64   `json:"createTime"`
	LogGroupName  string  `json:"logGroupName"`
	QueryDuration int64   `json:"queryDuration"`
	BytesScanned  float64 `json:"bytesScanned"`
	UserIdentity  string  `json:"userIdentity"`
}

// DescribeQueries lists queries, the latest first.
func (a api) DescribeQueries(ctx context.Context, in *describeQueriesInput) (*describeQueriesOutput, error) {
	jobs, err := a.queries.Queries(caller(ctx))
	if err != nil {
		return nil, err
	}
	if in.NextToken != nil { // the id of the last one that was shown
		last, err := page.Decode(*in.NextToken)
		i := slices.IndexFunc(jobs, func(j *query.Job) bool { return j.ID == last })
		if err != nil || i < 0 {
			return nil, page.ErrToken
		}
		jobs = jobs[i+1:]
	}
	out := &describeQueriesOutput{}
	for _, j := range jobs {
		state := j.State()
		if in.Status != nil && *in.Status != string(state.Status) || in.QueryLanguage != nil && *in.QueryLanguage != language ||
			in.LogGroupName != nil && !slices.ContainsFunc(j.Groups, func(g query.Group) bool { return g.Name == *in.LogGroupName && g.Place == j.Place }) {
			continue
		}
		if n := len(out.Queries); n == orLimit(in.MaxResults, 1000) {
			out.NextToken = wire.Opt(page.Encode(out.Queries[n-1].QueryID))
			break
		}
		out.Queries = append(out.Queries, queryInfo{language, j.ID, sourced(j), string(state.Status), j.Created.UnixMilli(), j.Groups[0].Name, state.Took.Milliseconds(), float64(state.Bytes), j.By})
	}
	return out, nil
}

// sourced is a query as AWS shows it: with what it is about.
func sourced(j *query.Job) string {
	names := make([]string, len(j.Groups))
	for i, g := range j.Groups {
		names[i] = strconv.Quote(g.Name)
	}
	source := strings.Join(names, ", ")
	if len(names) > 1 {
		source = "[" + source + "]"
	}
	return fmt.Sprintf("SOURCE %s START=%d END=%d | %s", source, j.From, j.To, j.Text)
}

type getLogRecordInput struct {
	LogRecordPointer *string `json:"logRecordPointer"`
	Unmask           *bool   `json:"unmask"`
}

type getLogRecordOutput struct {
	LogRecord map[string]string `json:"logRecord" empty:"kept"`
}

// GetLogRecord returns all fields of an event of a result.
func (a api) GetLogRecord(ctx context.Context, in *getLogRecordInput) (*getLogRecordOutput, error) {
	record, err := a.queries.Record(ctx, caller(ctx), *in.LogRecordPointer)
	if err != nil {
		return nil, err
	}
	return &getLogRecordOutput{record}, nil
}

type getLogGroupFieldsInput struct {
	LogGroupName       *string `json:"logGroupName"`
	LogGroupIdentifier *string `json:"logGroupIdentifier"`
	Time               *int64  `json:"time"`
}

type getLogGroupFieldsOutput struct {
	LogGroupFields []logGroupField `json:"logGroupFields" empty:"kept"`
}

type logGroupField struct {
	Name    string `json:"name"`
	Percent int    `json:"percent"`
}

// GetLogGroupFields says which fields the events of a group have: of the last
// quarter of an hour, or eight minutes before and after a time.
func (a api) GetLogGroupFields(ctx context.Context, in *getLogGroupFieldsInput) (*getLogGroupFieldsOutput, error) {
	by := caller(ctx)
	at, group, err := of(by, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	to := time.Now()
	from := to.Add(-15 * time.Minute)
	if in.Time != nil {
		middle := time.Unix(min(*in.Time, maxSeconds), 0)
		from, to = middle.Add(-8*time.Minute), middle.Add(8*time.Minute)
	}
	begin, end := max(from.UnixMilli(), 0), to.UnixMilli()
	fields, n, err := a.queries.Fields(ctx, by, at, group, groups.Span{From: &begin, To: &end})
	if err != nil {
		return nil, err
	}
	out := &getLogGroupFieldsOutput{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		out.LogGroupFields = append(out.LogGroupFields, logGroupField{name, fields[name] * 100 / n})
	}
	slices.SortStableFunc(out.LogGroupFields, func(a, b logGroupField) int { return cmp.Compare(b.Percent, a.Percent) })
	return out, nil
}

type putQueryDefinitionInput struct {
	QueryLanguage     *string          `json:"queryLanguage"`
	Name              *string          `json:"name"`
	QueryDefinitionID *string          `json:"queryDefinitionId"`
	LogGroupNames     []string         `json:"logGroupNames"`
	QueryString       *string          `json:"queryString"`
	ClientToken       *string          `json:"clientToken"`
	Parameters        []queryParameter `json:"parameters"`
}

type queryParameter struct {
	Name         *string `json:"name"`
	DefaultValue *string `json:"defaultValue"`
	Description  *string `json:"description"`
}

type putQueryDefinitionOutput struct {
	QueryDefinitionID string `json:"queryDefinitionId"`
}

// PutQueryDefinition writes a query down.
func (a api) PutQueryDefinition(ctx context.Context, in *putQueryDefinitionInput) (*putQueryDefinitionOutput, error) {
	if err := spoken(in.QueryLanguage); err != nil {
		return nil, err
	}
	d := query.Definition{ID: wire.Val(in.QueryDefinitionID), Name: *in.Name, Text: *in.QueryString, Groups: in.LogGroupNames}
	for _, p := range in.Parameters {
		d.Parameters = append(d.Parameters, query.Parameter{Name: *p.Name, Default: wire.Val(p.DefaultValue), Description: wire.Val(p.Description)})
	}
	id, err := a.queries.PutDefinition(ctx, caller(ctx), d, wire.Val(in.ClientToken))
	if err != nil {
		return nil, err
	}
	return &putQueryDefinitionOutput{id}, nil
}

type queryDefinitionInput struct {
	QueryDefinitionID *string `json:"queryDefinitionId"`
}

// DeleteQueryDefinition deletes a query that was written down.
func (a api) DeleteQueryDefinition(ctx context.Context, in *queryDefinitionInput) (*successOutput, error) {
	if err := a.queries.DeleteDefinition(ctx, caller(ctx), *in.QueryDefinitionID); err != nil {
		return nil, err
	}
	return &successOutput{true}, nil
}

type describeQueryDefinitionsInput struct {
	QueryLanguage             *string `json:"queryLanguage"`
	QueryDefinitionNamePrefix *string `json:"queryDefinitionNamePrefix"`
	MaxResults                *int    `json:"maxResults"`
	NextToken                 *string `json:"nextToken"`
}

type describeQueryDefinitionsOutput struct {
	QueryDefinitions []queryDefinition `json:"queryDefinitions" empty:"kept"`
	NextToken        *string           `json:"nextToken,omitempty"`
}

type queryDefinition struct {
	QueryLanguage     string                `json:"queryLanguage"`
	QueryDefinitionID string                `json:"queryDefinitionId"`
	Name              string                `json:"name"`
	QueryString       string                `json:"queryString"`
	LastModified      int64                 `json:"lastModified"`
	LogGroupNames     []string              `json:"logGroupNames" empty:"kept"`
	Parameters        []shownQueryParameter `json:"parameters,omitempty"`
}

type shownQueryParameter struct {
	Name         string `json:"name"`
	DefaultValue string `json:"defaultValue,omitempty"`
	Description  string `json:"description,omitempty"`
}

// DescribeQueryDefinitions lists the queries that were written down.
func (a api) DescribeQueryDefinitions(ctx context.Context, in *describeQueryDefinitionsInput) (*describeQueryDefinitionsOutput, error) {
	rows, next, err := a.queries.Definitions(caller(ctx), wire.Val(in.QueryDefinitionNamePrefix), wire.Val(in.NextToken), orLimit(in.MaxResults, 1000))
	if err != nil {
		return nil, err
	}
	out := &describeQueryDefinitionsOutput{NextToken: wire.Opt(next)}
	if in.QueryLanguage != nil && *in.QueryLanguage != language {
		return out, nil
	}
	for _, d := range rows {
		shown := queryDefinition{language, d.ID, d.Name, d.Text, d.Changed, d.Groups, nil}
		for _, p := range d.Parameters {
			shown.Parameters = append(shown.Parameters, shownQueryParameter{p.Name, p.Default, p.Description})
		}
		out.QueryDefinitions = append(out.QueryDefinitions, shown)
	}
	return out, nil
}
