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
//   - Actions compare without case, resources with it; * and ? are wildcards in
//     both.
//   - All operators of a Condition must hold, and all keys of an operator. Of
//     the values of one key, one must match; for an operator with Not, none may.
//     Keys compare without case.
//   - When the request does not have the key, an operator with Not holds, one
//     with IfExists holds, ForAllValues holds, and every other does not.
//   - A key with several values in the request is for ForAnyValue and
//     ForAllValues. An operator without them asks for every value to match.
//
// The document never says yes by mistake. What this package does not know is
// refused when the document arrives, so a statement is never weaker than it
// reads: unknown elements and operators, elements given twice, policy variables
// (${…}) and dates. A value in the request that an
// operator cannot read, such as a word where a number belongs, keeps an Allow
// from matching and makes a Deny match.
//
// It does not know organisations or regions: a condition on
// aws:PrincipalOrgID holds when the caller of Decide puts that key into the
// request. The size of a document is the business of whoever stores it.
//
// A Document is immutable and may be used from many goroutines at once.
package policy
