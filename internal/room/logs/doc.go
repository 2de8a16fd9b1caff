// Package logs is the logs room: it stands in for Amazon CloudWatch Logs.
//
// Groups hold streams, and streams hold events. An event that PutLogEvents
// acknowledged is on disk. The room has a package for each of its thoughts, and is
// itself the door to them all:
//
//	groups    log groups, their streams and events, and who may use them
//	filters   what groups have beside: metric and subscription filters
//	live      live sessions, which show events while they come in
//	query     queries of Logs Insights, and those that are written down
//
// filters knows of groups by an interface, groups tells live by a function what was
// put, and live and query look into groups.
//
// What it leaves out is said where people read it: among the deviations of [API] and
// with each operation that is refused.
package logs
