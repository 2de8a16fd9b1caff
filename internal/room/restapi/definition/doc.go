// Package definition says what REST APIs are made of: their resources, methods and
// integrations, what of them is deployed, and the stages that serve it.
//
// An API is worked on in parts: a tree of [Resource], each with its methods. A
// [Deployment] holds a [Snapshot], which is all of the API as it was then and never
// changes; a [Stage] names the deployment that it serves.
//
// All of it are values. What may be changed has a method Change, which makes patch
// operations in it one by one, and whose caller gives it a copy and drops that when it
// fails; Changed, of the responses, makes that copy itself. What a value may be is said by
// Check, in AWS's sentences.
package definition
