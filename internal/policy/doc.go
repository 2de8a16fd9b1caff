// Package policy reads policies, the JSON documents that say who may do what
// with which queue, topic, function or event bus, and decides by them.
//
// [ParseResource], [ParseIdentity] and [ParseTrust] compile a document once;
// [Document.Decide] answers for one request and says which statement decided.
// The rules are those of AWS:
//
//   - A statement covers a request when its principal, action, resource and all
//     of its conditions do.
//   - One Deny that covers the request decides, whatever else there is. Else
//     one Allow does. Else the document does not cover the request, and whoever
//     asks goes by its default: no for a stranger, the identity policy for a
//     caller of the same account.
//   - The principal "*" is everybody, services included. An account, as twelve
//     digits or as the ARN of its root, is everybody in it. A role is also each
//     of its sessions.
//   - Who is spared by the NotPrincipal of a Deny must be listed by each of
//     their names: the session, its role and the account. For an Allow, one is
//     enough to be left out.
//   - Actions compare without case, resources with it; * and ? are wildcards in
//     both.
//   - All operators of a Condition must hold, and all keys of an operator. Of
//     the values of one key, one must match; for an operator with Not, none may.
//     Keys compare without case.
//   - When the request does not have the key, an operator with Not holds, one
//     with IfExists holds, ForAllValues holds, and every other does not.
//   - In a document of Version 2012-10-17, ${key} stands for the value of that
//     key in the request, ${key, 'default'} for the default when it has none,
//     and ${*}, ${?} and ${$} for these characters: in resources after the fifth
//     colon, and in the values of String, Arn and Bool operators. A star in a
//     value is a star and no wildcard. Documents without that Version have no
//     variables.
//
// The document never says yes by mistake. What this package does not know is
// refused when the document arrives, so a statement is never weaker than it
// reads: unknown elements and operators, elements given twice. What cannot be
// told keeps an Allow from covering a request and makes a Deny cover it: a
// value that an operator cannot read, such as a word where a number belongs; a
// variable without a value; several values for an operator without ForAnyValue
// or ForAllValues; a canonical user, whom only S3 knows.
//
// It does not know organisations or regions, and it has no clock: a condition
// on aws:PrincipalOrgID or aws:CurrentTime holds when the caller of Decide puts
// that key into the request.
//
// Documents and requests may be written by somebody who means harm. A document
// has at most 128 KiB. Deciding takes time in proportion to the document, and
// for wildcards and variables at most the product of what is compared, of which
// some 50 ms are granted for all statements together: after that nothing more
// can be told.
//
// A Document is immutable and may be used from many goroutines at once.
package policy
