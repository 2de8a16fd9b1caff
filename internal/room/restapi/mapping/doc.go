// Package mapping is how API Gateway makes the request of an integration of a method's
// request, and the method's response of the integration's: mapping templates and which of
// them is taken, mapping expressions of parameters, overrides that templates make,
// which integration response is meant, and the variables of gateway responses.
//
// All of it is compiled once and may be used by many goroutines at once. What is looked
// into is an [Exchange], which belongs to one request. Templates are of strangers, and so
// are bodies: what a template may take is bounded, see [vtl.Usual].
//
// Where AWS's documentation is silent, this is what is chosen. $input.path and $input.json
// of a path that leads nowhere are an empty text. A body that is neither
// an object nor a list, and no other JSON, is a string, such as that of a form. Setting
// what is overridden already is an error, and so the request fails, as AWS says.
// $util.escapeJavaScript leaves slashes as they are. An Accept that names no template
// means the first one by name.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
package mapping
