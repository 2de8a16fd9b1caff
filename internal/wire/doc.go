// Package wire speaks AWS: it turns tables of operations into one HTTP handler
// for the protocols that the AWS clients use.
//
// A room describes itself as a [Service], whose rows are made by [Op] and
// [Refuse]. [NewHandler] compiles the tables, so that a mistake in one is an
// error at start-up and nothing is looked up by reflection twice. For each
// request the handler finds the service and the operation, checks the
// signature, decodes and validates the input, calls the row's function, and
// encodes the output or the error in the dialect of the request.
//
// Around each call there are three hooks, which see it whole, as a [Call].
// [Options.Before] is asked before the function is called. [Options.Record] is told
// of the outcome before the client is, of calls whose caller is known. [Options.After]
// is told of every call when it is over, also of one that was refused on the way.
//
// What it promises. A handler's function begins where the input is valid, and
// what it is given never points into the request's buffers. Every answer has a
// request id, a Date and a Content-Length, errors and panics included. An error
// that neither is an [Error] nor is claimed by [Service.Error] is logged under
// the request id, and its text stays inside. Answers never hold null: absent
// members are left out, and a nil list that its tag does not omit is empty. The
// handler may be used by many goroutines at once.
//
// Inputs and outputs are structs of strings, booleans, integers, floats, [Time],
// []byte, slices, maps with string keys, json.RawMessage for JSON of any form, and
// structs, with pointers where a member may be absent; embedded structs lend their
// members. A body may be a stream: an io.Reader in an input, a [Stream] or
// [Events] in an output. Anything else is an error at start-up.
//
// Member names in JSON are compared exactly, and unknown members are ignored,
// as AWS does. Field tags say where a name on the wire differs: the json tag
// for all dialects, and for the query protocol on top of it
//
//	Attributes map[string]string `json:",omitempty" query:"Attribute,flat,key=Name,value=Value"`
//
// with flat for lists and maps without the word member or entry, member= for
// another word, key= and value= for the halves of a map's entry, url for the
// member that names the path of the request when it is absent, and json= for its
// name in the JSON that clients of the query protocol may ask for. A list or map
// of an output is left out when it is empty, or has the tag `empty:"kept"`.
//
// For restJson1 a row has a route, by [Operation.At], and the rest tag says where a
// member is: label, query, params, header=X-Name, prefix=X-Names-, payload, status,
// or in the JSON of the body without a tag. The time tag says how a timestamp is
// spelled where that is not the usual way of its place: epoch-seconds, date-time or
// http-date.
//
//	FunctionName *string `rest:"label"`
//	Qualifier    *string `rest:"query"`
//	Payload      []byte  `rest:"payload"`
//
// The operation is found before the body is read where the head of the request
// says which it is, and then its own bound on bodies holds, [Operation.MaxBody].
// A body that is streamed in is given to the operation while it comes, if the head
// says who calls: nobody must sign, or the signature covers the hash of the body and
// not the body itself. Then the operation may not act on what it has read before it
// has read io.EOF. Any other body is read first. What fails while it is streamed out
// is left without its end, so that the client sees that.
//
// Without keys, anybody who reaches the handler may call. That pages in somebody's
// browser do not is up to the guard in front of it.
//
// What it leaves out: permissions, and the dialect restXml, of which it only knows
// how to spell an error. A further dialect is one more [Protocol].
package wire
