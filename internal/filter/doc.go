// Package filter is the language in which events of CloudWatch Logs are looked for:
// terms, JSON selectors and the fields of lines.
//
//	ERROR -timeout "order 7"                  all terms, and none that is marked with -
//	?ERROR ?WARN                              any of them
//	%40[13]%                                  a regular expression, anywhere in the text
//	{ $.level = "ERROR" && $.ms > 100 }       what a JSON text says
//	[ip, user, ..., status = 4*, bytes]       a line cut at its blanks
//
// A pattern is compiled once; matching changes nothing and may be done by many
// goroutines at once.
//
// Where AWS's documentation is silent or disputed, this is what is chosen. A term
// matches any part of a text, not only whole words. Terms before the first one with
// a question mark must be there, and then those with one do not count; else each
// begins a group with the unmarked ones that follow it, and one of the groups must
// be there whole, as AWS's CDK writes it. A test with != fails where the field is
// missing. A regular expression that takes longer than five seconds for a text does not
// match it.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
package filter
