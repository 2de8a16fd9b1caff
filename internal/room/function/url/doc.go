// Package url has the URLs of functions: which there are, and what comes in by them.
//
// A function has one URL, and each of its aliases may have one more. A request to one
// runs the function with an event of the payload format 2.0, and what the function
// answers is the answer: a status, headers, cookies and a body, or the body alone. A URL
// of the mode RESPONSE_STREAM passes on what the function writes while it does.
//
// Whoever calls a URL of the type NONE is let in by the policy of the function alone, and
// a URL of the type AWS_IAM by it and their own policies: for lambda:InvokeFunctionUrl
// and, as AWS asks since October 2025, for lambda:InvokeFunction as well.
//
// What is in memory has a bound while it is there: bodies are read into the memory for
// bodies, answers take from that for answers, and streams have a buffer each. A client who
// does not read is left by its connection's deadline, and the function goes on.
package url
