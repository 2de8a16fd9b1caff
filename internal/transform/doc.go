// Package transform makes what a target receives out of an event: the whole
// event, a constant, the value at a path, or a template with values filled in.
//
// A setting is compiled when it arrives ([Compile]) and is then used for every
// event ([Input.Render]). Compile answers a setting that cannot be right with
// the sentence of PutTargets. Render fails with an [Error] that carries the
// dead-letter code: trying again would give the same answer.
//
// # Paths
//
// A path is the part of JSONPath that EventBridge knows: $ is the event, then
// steps .name, ['name'], [n] from 0, and [*] or .* for every element or member.
// A path with a star finds a list of what is there, possibly an empty one, as
// long as there is something to enumerate. Where a key is repeated the last
// member counts.
//
// # Templates
//
// The first character of a template that is no white space says what it is.
//
// A template that begins with a double quote is text: one or more strings in
// double quotes. The quotes and the line breaks between the strings are part
// of the result. Text enters as its characters, a number or a truth value as
// it is written, an object or a list as its JSON without any double quotes,
// and what is missing as nothing.
//
// Every other template is JSON. Outside of strings a value enters as JSON, and
// what is missing as "". Inside of a string text enters as its characters,
// with no escapes, and everything else as JSON. The result must be JSON, else
// Render fails with INVALID_JSON; white space around its tokens is removed.
// So a value with a double quote in it, or an object, inside of a string
// fails, as it does on EventBridge.
//
// Values are pieces of the event's own text: numbers keep their spelling.
//
// A template may name a value two thousand times. So its result has a bound
// while it grows, [MaxOutput]; past it Render fails with INVALID_PARAMETER. So
// does finding its values, when that means to go through the event too often.
//
// # What it leaves out
//
// There are no filters, slices, negative indices or searches at any depth in a
// path, and no way to have values escaped inside of strings.
//
// Everything may be used from many goroutines at once. Events are expected to
// be valid JSON, which package event sees to; on anything else the answers mean
// nothing, but they are answers.
package transform
