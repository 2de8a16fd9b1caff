// Package rest knows where restJson1 has the members of inputs and outputs: in
// the path of a request, its query string, its headers, the status of an answer,
// or the body, which is JSON or one member by itself.
//
// [Routes] find the operation of a request. A [Binding] is compiled once for
// each operation and then reads its inputs and writes its outputs. A mistake in
// either, such as a label that no member takes or two operations that answer to
// the same requests, is an error at start-up.
//
// Values in paths and query strings are what was percent-encoded there, and a
// slash that came encoded in a label is part of its value. Timestamps are
// HTTP dates in headers, ISO 8601 in paths and query strings and Unix seconds in
// bodies, unless a member says otherwise.
package rest
