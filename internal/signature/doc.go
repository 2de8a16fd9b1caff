// Package signature finds out who signed a request: with Signature Version 4 or
// 4a, in the Authorization header or, presigned, in the query string. It also
// signs as AWS's clients do, with Version 4 in the header.
//
// A client calls [Sign] last of all. A door calls [Verify]; one that must decide
// before it has read the body takes the same steps by itself: [Read], [Claim.Key],
// [Claim.Verify] or for a body that streams [Claim.VerifyHead], [Become].
//
// What it promises. A signature counts for the one service that it names, within
// five minutes of the clock or, presigned, for as long as it says; all but the
// headers that proxies change is covered by [Sign], and a request whose
// X-Amz-Target is not covered is refused, since that could be exchanged on the
// way. Signatures are compared in constant time. Every refusal is an [*Error] in
// the words upon which the SDKs correct their clocks or ask for other
// credentials. Nothing is kept between two calls.
//
// What it leaves out: bodies that are signed in chunks, and whether a request
// that was seen before may come again.
package signature

// An Error says why it is not believed who signed a request. Its HTTP status is
// always 403.
type Error struct {
	// Code is the error shape, such as "InvalidSignatureException", and QueryCode
	// what the query protocol calls it.
	Code, QueryCode string
	Message         string
	// QueryMessage is the sentence in the query protocol where it differs.
	QueryMessage string
}

// Error returns the code and the sentence.
func (e *Error) Error() string { return e.Code + ": " + e.Message }
