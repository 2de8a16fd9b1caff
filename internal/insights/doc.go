// Package insights is the language of CloudWatch Logs Insights: commands with bars
// between them, through which log events run.
//
//	fields @timestamp, @message, concat(level, " ", status) as what
//	| filter @message like /timeout/ and status >= 500
//	| parse @message "user=* took *ms" as user, took
//	| stats count(*) as n, pct(took, 99) by bin(5m), user
//	| sort n desc
//	| limit 20
//
// A query is compiled once. A [Run] is given the events one by one, in any order, and
// then says what came of them. It takes values and returns values: reading, time and
// memory are the caller's. It is built to be given to strangers: a query has a length
// and a depth, its regular expressions a size, and what a run keeps has a bound in
// bytes.
//
// Where AWS's documentation is silent, this is what is chosen. Without sort the latest
// event comes first, and groups of stats come in the order of their values. A missing
// field is different from everything: != and "not like" are true of it, other
// comparisons false. What cannot be calculated is missing.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
package insights
