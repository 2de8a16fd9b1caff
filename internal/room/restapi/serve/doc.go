// Package serve answers the requests that stages of REST APIs are sent: it is the data
// plane of API Gateway.
//
// A request finds the method that its path and verb mean in the deployment that its stage
// serves, goes through the method's integration, and is answered with what that makes of
// the answer; what the API answers itself is a gateway response. Afterwards the stage's
// access log has a line, and its execution log what happened, which the caller does not wait
// for.
//
// # What it promises
//
// Whoever calls is a stranger. Heads are bounded, and bodies are counted before they are
// read; those of HTTP_PROXY pass by without being gathered. An account has so many requests under way
// at once, an integration has its deadline, and what templates take is reserved. What is
// compiled of a deployment is kept, within a bound, and compiled again if it was dropped. A
// log that cannot be written harms no answer: it is counted and said.
//
// # What it leaves out
//
// A method that only somebody may call is not served to anybody: authorization, keys, and
// policies of APIs are answered with 501, which says so, as are integrations of the kind
// AWS, those with credentials, and checks of bodies by models.
package serve
