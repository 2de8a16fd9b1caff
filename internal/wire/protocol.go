package wire

// A Protocol is one dialect of the AWS API.
type Protocol interface {
	// Name is the dialect's name, such as "awsJson1_1".
	Name() string
}

// The dialects that dari speaks.
var (
	// JSON10 is awsJson1_0: one JSON object in, one out, X-Amz-Target names the
	// operation.
	JSON10 Protocol = jsonProtocol{name: "awsJson1_0", contentType: "application/x-amz-json-1.0"}
	// JSON11 is awsJson1_1. It differs from JSON10 in the content type only.
	JSON11 Protocol = jsonProtocol{name: "awsJson1_1", contentType: "application/x-amz-json-1.1"}
	// Query is awsQuery: a form in, XML out, Action names the operation.
	Query Protocol = queryProtocol{}
)
