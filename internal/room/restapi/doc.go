// Package restapi is the room of REST APIs: it stands in for API Gateway, of which it is
// the first version.
//
// An API is a tree of resources with methods; what of it is deployed never changes, and
// a stage serves it. Package definition says what that is, package catalog keeps it, and
// package patch makes the changes that API Gateway spells as operations on paths.
//
// Every call is asked for as API Gateway has it: the action is the method of the
// request, such as apigateway:PATCH, and the resource its path, such as
// arn:aws:apigateway:REGION::/restapis/ID/stages/NAME.
//
// # What it leaves out
//
// Answers are not cached, there are no client certificates, links into VPCs, web ACLs and
// SDKs, and the documentation of APIs is not kept: all of it is refused by name. Endpoint
// types and addresses make no difference, since there is one address: this server's.
package restapi
