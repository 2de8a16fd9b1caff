// Package pattern compiles EventBridge event patterns and tells which events
// they match.
//
// A pattern is a JSON object in the shape of the events it wants:
//
//	{"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}
//
// All its fields must match, each by one of its alternatives: strings,
// numbers, true, false and null, or an operator: prefix, suffix,
// equals-ignore-case, wildcard, anything-but, numeric, cidr, exists and
// exactly. "$or" makes several patterns of one.
//
// [Compile] turns a text into a [Pattern]; [Pattern.Match] judges one event and
// [Pattern.Explain] says why. A [Set] holds many patterns and finds those that
// an event matches; what that costs hardly depends on how many there are. It
// reads an event once and allocates nothing. Who knows more of an event than
// its bytes tells it, and saves work: that it is valid ([Set.MatchKnown]), or
// the fields around its detail ([Set.MatchEnvelope]).
//
// # What it promises
//
// The answers are those of the service, odd ones included. Numbers compare by
// value if they survive a trip through an IEEE double and by spelling
// otherwise; strings that are IP addresses compare as addresses; of an array
// of objects, only one element may satisfy a pattern. What may surprise is
// said at the type that does it, and every rule is a case in the files of the
// package conformance.
//
// A pattern that is not valid is refused with an [Error] that has the
// service's own sentence, line and column.
//
// Patterns are immutable. Everything may be used by many goroutines at once; a
// Set is changed while others match with it, and each match sees one state of
// it.
//
// Neither patterns nor events are trusted. Compiling does not recurse deeper
// than 1000 levels and is bounded by the limits in [Options]; matching takes
// time proportional to the event and to the pattern, up to an amount of
// searching in arrays that no sane event needs, beyond which it is
// [ErrTooManySteps].
//
// # How it matches
//
// [Pattern.Match] flattens an event into values by dotted path and decides each
// conjunction of constraints by a search that is the language's definition, see
// search.go. It is written to be read and to be the judge of the Set, which
// files each conjunction under its most selective condition and checks the
// others only of those that an event's values lead to. DESIGN.md in this
// directory tells more, docs/matching.md how fast it is.
//
// # What it leaves out
//
// The size of patterns in characters and the number of rules with wildcards
// are quotas of an account, not of the language; [Pattern.HasWildcard] helps
// to keep the latter. An event may be any JSON object; which fields an
// envelope needs is not judged here.
//
// In two places the answer is the sane one where the open-source engine behind
// the service differs and no recording shows what the service does: IPv4 and
// IPv6 never mix, and a list without elements inside anything-but is refused
// rather than crashed on.
package pattern
