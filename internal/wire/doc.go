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
// Around each call there are two hooks, [Options.Before] and [Options.After]. The
// first is asked before the function is called, the second is told of every call,
// also of one that was refused on the way; both see it whole, as a [Call].
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
// []byte, slices, maps with string keys, and structs, with pointers where a
// member may be absent; embedded structs lend their members. Anything else is an
// error at start-up.
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
// Without keys, anybody who reaches the handler may call. That pages in somebody's
// browser do not is up to the guard in front of it.
//
// What it leaves out: streamed bodies, permissions,
// and the dialects restJson, restXml and rpcv2Cbor, of which it only knows how to
// spell an error. A further dialect is one more [Protocol].
package wire
