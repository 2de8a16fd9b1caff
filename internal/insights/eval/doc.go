// Package eval has the values, the rows and the expressions of queries of Logs Insights,
// and the functions that expressions may call. It reads no query and keeps nothing.
package eval
