package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store/mem"
)

// inBubble runs a test of queries, with the room running, in virtual time.
func inBubble(t *testing.T, test func(*testing.T, *client)) {
	synctest.Test(t, func(t *testing.T) {
		c := withStream(t)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = c.s.Run(ctx)
		}()
		defer func() {
			stop()
			<-ended
		}()
		test(t, c)
	})
}

func (c *client) put(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		b, _ := json.Marshal(map[string]any{"logGroupName": "g", "logStreamName": "s", "logEvents": []any{map[string]any{"timestamp": time.Now().UnixMilli(), "message": text}}}) // strings
		c.must("PutLogEvents", string(b))
	}
}

// start starts a query of the last hour and returns its id.
func (c *client) start(text string) string {
	c.t.Helper()
	b, _ := json.Marshal(map[string]any{"logGroupName": "g", "startTime": time.Now().Unix() - 3600, "endTime": time.Now().Unix(), "queryString": text}) // strings and numbers
	return c.must("StartQuery", string(b))["queryId"].(string)
}

// results runs a query and returns its rows, without @ptr, and the whole answer.
func (c *client) results(text string) ([]string, map[string]any) {
	c.t.Helper()
	id := c.start(text)
	synctest.Wait()
	return rowsOf(c.must("GetQueryResults", `{"queryId":"`+id+`"}`))
}

func rowsOf(out map[string]any) (rows []string, _ map[string]any) {
	for _, row := range out["results"].([]any) {
		var all []string
		for _, f := range row.([]any) {
			if f := f.(map[string]any); f["field"] != "@ptr" {
				all = append(all, fmt.Sprint(f["field"], "=", f["value"]))
			}
		}
		rows = append(rows, strings.Join(all, ","))
	}
	return rows, out
}

// rooms-ahead L31
func TestAQueryFindsAndCounts(t *testing.T) {
	inBubble(t, func(t *testing.T, c *client) {
		c.put("INFO a", "ERROR b", "ERROR c")
		rows, out := c.results(`fields @message | filter @message like /ERROR/ | sort @message`)
		if diff := cmp.Diff([]string{"@message=ERROR b", "@message=ERROR c"}, rows); diff != "" {
			t.Error(diff)
		}
		stats := out["statistics"].(map[string]any)
		if out["status"] != "Complete" || stats["recordsMatched"] != 2.0 || stats["recordsScanned"] != 3.0 || stats["bytesScanned"] != 20.0 || out["queryLanguage"] != "CWLI" {
			t.Errorf("%v", out)
		}
		rows, _ = c.results(`stats count(*) as n`)
		if diff := cmp.Diff([]string{"n=3"}, rows); diff != "" {
			t.Error(diff)
		}
	})
}

// rooms-ahead L40
func TestWhatIsNoQuerySaysWhere(t *testing.T) {
	inBubble(t, func(t *testing.T, c *client) {
		start := `{"logGroupName":"g","startTime":0,"endTime":1,"queryString":%q}`
		c.refuses("StartQuery", fmt.Sprintf(start, `fields src | fields if(ispresent(src), src, "unknown") as src | stats count(*) by src`),
			"MalformedQueryException: Unknown symbols found in or after stats: src at line 1 and position ")
		w := c.raw("StartQuery", fmt.Sprintf(start, `fields a | sss`))
		want := `"queryCompileError":{"location":{"startCharOffset":11,"endCharOffset":14},"message":"unexpected symbol found sss`
		if !strings.Contains(w, want) {
			t.Errorf("%s\nwant %s", w, want)
		}
		for body, want := range map[string]string{
			`{"logGroupName":"none","startTime":0,"endTime":1,"queryString":"limit 1"}`:                                   "ResourceNotFoundException: Log group 'none' does not exist for account ID '111111111111' (Service: AWSLogs;",
			`{"startTime":0,"endTime":1,"queryString":"limit 1"}`:                                                         "InvalidParameterException: A query names its log groups",
			`{"logGroupName":"g","logGroupNames":["g"],"startTime":0,"endTime":1,"queryString":"limit 1"}`:                "InvalidParameterException: A query names its log groups",
			`{"logGroupName":"g","startTime":2,"endTime":1,"queryString":"limit 1"}`:                                      "InvalidParameterException: End time should not be less",
			`{"logGroupName":"g","startTime":0,"endTime":1,"queryString":"limit 1","queryLanguage":"SQL"}`:                "InvalidParameterException: Queries are in the language of Logs Insights, CWLI; dari does not offer SQL.",
			`{"logGroupName":"g","startTime":0,"endTime":1,"queryString":"pattern @message"}`:                             "MalformedQueryException: dari does not offer the command pattern",
			`{"logGroupName":"g","startTime":0,"endTime":9000000000000,"queryString":"limit 1"}`:                          "InvalidParameterException: startTime and endTime are in seconds",
			`{"logGroupNames":["g` + strings.Repeat(`","g`, 50) + `"],"startTime":0,"endTime":1,"queryString":"limit 1"}`: "InvalidParameterException: A query is about at most 50",
			// rooms-ahead L41
			`{"logGroupName":"g","startTime":0,"endTime":1,"queryString":"limit 1","limit":100001}`: "InvalidParameterException: 1 validation error detected: Value '100001' at 'limit' failed",
		} {
			c.refuses("StartQuery", body, want)
		}
	})
}

// rooms-ahead L41
func TestTheTimesOfAQueryAreInclusiveAndEachRowHasAPointer(t *testing.T) {
	inBubble(t, func(t *testing.T, c *client) {
		c.put(`{"a":{"b":[1]},"@x":"y"}`)
		body := fmt.Sprintf(`{"logGroupName":"g","startTime":%d,"endTime":%d,"queryString":"fields a.b.0"}`, time.Now().Unix(), time.Now().Unix())
		id := c.must("StartQuery", body)["queryId"].(string)
		synctest.Wait()
		rows, out := rowsOf(c.must("GetQueryResults", `{"queryId":"`+id+`"}`))
		if diff := cmp.Diff([]string{"a.b.0=1"}, rows); diff != "" {
			t.Fatal(diff)
		}
		pointer := out["results"].([]any)[0].([]any)[1].(map[string]any)
		if pointer["field"] != "@ptr" {
			t.Fatal(pointer)
		}
		ptr := pointer["value"].(string)
		record := c.must("GetLogRecord", `{"logRecordPointer":"`+ptr+`"}`)["logRecord"]
		now := time.Now().UTC().Format("2006-01-02 15:04:05.000")
		want := map[string]any{"@timestamp": now, "@ingestionTime": now, "@message": `{"a":{"b":[1]},"@x":"y"}`, "@logStream": "s", "@log": account + ":g", "@ptr": ptr, "a.b.0": "1", "@@x": "y"}
		if diff := cmp.Diff(want, record); diff != "" {
			t.Error(diff)
		}
		c.refuses("GetLogRecord", `{"logRecordPointer":"x"}`, "InvalidParameterException: The specified log record pointer is invalid.")
		fields := c.must("GetLogGroupFields", `{"logGroupName":"g"}`)["logGroupFields"].([]any)
		if len(fields) != 7 || fmt.Sprint(fields[0]) != "map[name:@@x percent:100]" {
			t.Errorf("%v", fields)
		}
	})
}

func TestResultsArePagedAndQueriesListed(t *testing.T) {
	inBubble(t, func(t *testing.T, c *client) {
		for i := range 5 {
			c.put(fmt.Sprint("m", i))
		}
		id := c.start("fields @message | sort @message")
		synctest.Wait()
		var all []string
		for token := ""; ; {
			rows, out := rowsOf(c.must("GetQueryResults", `{"queryId":"`+id+`","maxItems":2`+token+`}`))
			all = append(all, rows...)
			next, ok := out["nextToken"].(string)
			if !ok {
				break
			}
			token = `,"nextToken":"` + next + `"`
		}
		if got := strings.Join(all, " "); got != "@message=m0 @message=m1 @message=m2 @message=m3 @message=m4" {
			t.Error(got)
		}
		c.refuses("StopQuery", `{"queryId":"`+id+`"}`, "InvalidParameterException: Provided query with ID "+id+" has already ended")
		c.refuses("GetQueryResults", `{"queryId":"x"}`, "ResourceNotFoundException")
		queries := c.must("DescribeQueries", `{"status":"Complete","logGroupName":"g"}`)["queries"].([]any)
		q := queries[0].(map[string]any)
		if want := fmt.Sprintf(`SOURCE "g" START=%d END=%d | fields @message | sort @message`, time.Now().Unix()*1000-3600_000, time.Now().Unix()*1000); q["queryString"] != want || q["queryLanguage"] != "CWLI" {
			t.Errorf("%v, want %s", q, want)
		}
		time.Sleep(2 * time.Hour)
		c.refuses("GetQueryResults", `{"queryId":"`+id+`"}`, "ResourceNotFoundException")
	})
}

// As many queries as an account may have at AWS; those that wait can be stopped.
func TestAnAccountHasThirtyQueriesAtATime(t *testing.T) {
	c := withStream(t) // and nothing runs
	var ids []string
	for range 30 {
		ids = append(ids, c.start("limit 1"))
	}
	body := `{"logGroupName":"g","startTime":0,"endTime":1,"queryString":"limit 1"}`
	c.refuses("StartQuery", body, "LimitExceededException")
	if out := c.must("GetQueryResults", `{"queryId":"`+ids[7]+`"}`); out["status"] != "Scheduled" {
		t.Error(out)
	}
	if out := c.must("StopQuery", `{"queryId":"`+ids[7]+`"}`); out["success"] != true {
		t.Error(out)
	}
	if out := c.must("GetQueryResults", `{"queryId":"`+ids[7]+`"}`); out["status"] != "Cancelled" {
		t.Error(out)
	}
	c.must("StartQuery", body)
}

func TestQueriesAreWrittenDown(t *testing.T) {
	c := open(t, mem.New(), access.Boundary{})
	put := `{"name":"shop/errors","queryString":"fields @message","logGroupNames":["g"],"parameters":[{"name":"p","defaultValue":"d"}],"clientToken":"` + strings.Repeat("x", 36) + `"}`
	id := c.must("PutQueryDefinition", put)["queryDefinitionId"].(string)
	if again := c.must("PutQueryDefinition", put)["queryDefinitionId"]; again != id {
		t.Errorf("the same token made %s and %s", id, again)
	}
	c.must("PutQueryDefinition", `{"queryDefinitionId":"`+id+`","name":"shop/all","queryString":"limit 2"}`)
	c.must("PutQueryDefinition", `{"name":"other","queryString":"limit 3"}`)
	rows := c.must("DescribeQueryDefinitions", `{"queryDefinitionNamePrefix":"shop/"}`)["queryDefinitions"].([]any)
	if len(rows) != 1 || rows[0].(map[string]any)["queryString"] != "limit 2" || rows[0].(map[string]any)["queryDefinitionId"] != id {
		t.Errorf("%v", rows)
	}
	c.must("DeleteQueryDefinition", `{"queryDefinitionId":"`+id+`"}`)
	for name, body := range map[string]string{"DeleteQueryDefinition": `{"queryDefinitionId":"` + id + `"}`, "PutQueryDefinition": `{"queryDefinitionId":"` + id + `","name":"a","queryString":"b"}`} {
		c.refuses(name, body, "ResourceNotFoundException: The specified query definition does not exist.")
	}
}
