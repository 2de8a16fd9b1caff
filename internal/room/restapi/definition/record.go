package definition

// Weighed has how many bytes a record takes, about.
type Weighed struct{ Bytes int }

// Weight is where that is kept.
func (w *Weighed) Weight() *int { return &w.Bytes }

// Settings are those of an API as a whole, which take effect with a deployment.
type Settings struct {
	Name        string
	Description string   `json:",omitempty"`
	Version     string   `json:",omitempty"`
	Binary      []string `json:",omitempty"` // media types
	// Compression is from how many bytes on answers are compressed, nil for never.
	Compression *int `json:",omitempty"`
	// KeySource is where keys of callers are: HEADER or AUTHORIZER.
	KeySource string
	// Policy says who may call the API, as JSON, "" for everybody.
	Policy string `json:",omitempty"`
	// NoDefault says that the API is not to be called at the host of its id.
	NoDefault bool `json:",omitempty"`
}

// An API is a REST API as it is worked on.
type API struct {
	Weighed
	ID, Root string // Root is the id of its root resource
	Settings
	// Endpoint is EDGE, REGIONAL or PRIVATE, and Addresses ipv4 or dualstack; here they
	// make no difference.
	Endpoint, Addresses string
	VPCEndpoints        []string          `json:",omitempty"`
	Tags                map[string]string `json:",omitempty"`
	// Created is in Unix milliseconds, as all times here.
	Created int64
}

// A Resource is a part of the paths of an API.
type Resource struct {
	Weighed
	// ID is its own, Parent that of the resource above it: "" for the root, whose Part
	// is "", too. A Part may be {name} or {name+}.
	ID, Parent, Part string
	// Methods are by their verbs, of which one is ANY.
	Methods map[string]*Method `json:",omitempty"`
}

// A Method is what may be done with a resource.
type Method struct {
	// Authorization is NONE, AWS_IAM, CUSTOM or COGNITO_USER_POOLS; the last two have an
	// Authorizer, by its id.
	Authorization string
	Authorizer    string   `json:",omitempty"`
	Scopes        []string `json:",omitempty"`
	// NeedsKey asks for the key of a usage plan.
	NeedsKey bool `json:",omitempty"`
	// Validator is the id of a request validator, "" for none.
	Validator string `json:",omitempty"`
	Operation string `json:",omitempty"` // a name for people
	// Parameters are those that may be used, such as "method.request.header.X", and
	// whether they are required.
	Parameters map[string]bool `json:",omitempty"`
	// Models are names by media type.
	Models map[string]string `json:",omitempty"`
	// Responses are by status code.
	Responses   map[string]*MethodResponse `json:",omitempty"`
	Integration *Integration               `json:",omitempty"`
}

// A MethodResponse is what callers may be answered.
type MethodResponse struct {
	// Parameters are such as "method.response.header.X".
	Parameters map[string]bool   `json:",omitempty"`
	Models     map[string]string `json:",omitempty"`
}

// An Integration is what answers a method.
type Integration struct {
	// Type is AWS, AWS_PROXY, HTTP, HTTP_PROXY or MOCK, and Verb the method of the request
	// that is sent to URI.
	Type string
	Verb string `json:",omitempty"`
	URI  string `json:",omitempty"`
	// Credentials is the ARN of the role that the request is sent with, "" for the policy
	// of what is called, "arn:aws:iam::*:user/*" for those of the caller.
	Credentials string `json:",omitempty"`
	// Parameters are expressions by what they are mapped to, such as
	// "integration.request.header.X".
	Parameters map[string]string `json:",omitempty"`
	// Templates are by media type.
	Templates map[string]string `json:",omitempty"`
	// Passthrough is WHEN_NO_MATCH, WHEN_NO_TEMPLATES or NEVER.
	Passthrough string
	// Content is CONVERT_TO_BINARY, CONVERT_TO_TEXT, or "" for as it is.
	Content string `json:",omitempty"`
	// TimeoutMillis is how long an answer may take.
	TimeoutMillis int
	// Namespace and CacheKeys are kept; nothing is cached.
	Namespace string
	CacheKeys []string `json:",omitempty"`
	// Insecure says not to look at certificates.
	Insecure *bool `json:",omitempty"`
	// Transfer is STREAM, or "" for answers that are gathered first.
	Transfer string `json:",omitempty"`
	// Responses are by the status code that they make.
	Responses map[string]*IntegrationResponse `json:",omitempty"`
}

// An IntegrationResponse makes an answer to the caller of what an integration answered.
type IntegrationResponse struct {
	// Selection is the regular expression that chooses it; nil or "" is the default.
	Selection *string `json:",omitempty"`
	// Parameters are expressions by what they are mapped to, such as
	// "method.response.header.X".
	Parameters map[string]string `json:",omitempty"`
	Templates  map[string]string `json:",omitempty"`
	Content    string            `json:",omitempty"`
}

// A Deployment is an API as it was once.
type Deployment struct {
	Weighed
	ID          string
	Description string `json:",omitempty"`
	Created     int64
	Snapshot    *Snapshot
}

// A Snapshot is all of an API that serving needs. It never changes.
type Snapshot struct {
	Settings
	// Nodes are the resources that have methods, in the order of their paths.
	Nodes []Node
	// Parts are what the methods name, and Responses what the API answers itself.
	Parts
	Responses Responses
}

// A Node is a resource with methods, each of which has an integration.
type Node struct {
	ID, Path string
	Methods  map[string]*Method
}

// A Stage is where a deployment is served.
type Stage struct {
	Weighed
	Name, Deployment string
	Description      string            `json:",omitempty"`
	Variables        map[string]string `json:",omitempty"`
	// Settings are those of methods, under the names that they were set by, such as "*/*"
	// and "~1pets/GET": see [Stage.Setting].
	Settings map[string]*MethodSetting `json:",omitempty"`
	// LogDestination is the ARN of a log group or a stream of Firehose, and LogFormat what
	// is written there of each call; both are there, or nothing is written.
	LogDestination string            `json:",omitempty"`
	LogFormat      string            `json:",omitempty"`
	Canary         *Canary           `json:",omitempty"`
	Tracing        bool              `json:",omitempty"`
	Tags           map[string]string `json:",omitempty"`
	Created        int64
	Updated        int64
}

// A MethodSetting is how a stage treats a method.
type MethodSetting struct {
	Metrics bool
	// Level is OFF, ERROR, INFO, or "" when it was never set.
	Level     string `json:",omitempty"`
	DataTrace bool
	// Burst and Rate are those of all callers together; -1 is no limit of its own.
	Burst int
	Rate  float64
	// What follows is kept; nothing is cached.
	Caching      bool
	TTLSeconds   int
	Encrypted    bool
	Authorizes   bool
	Unauthorized string
}

// A Canary is another deployment that a part of the calls of a stage goes to.
type Canary struct {
	Percent    float64
	Deployment string
	// Overrides are variables in the place of those of the stage.
	Overrides map[string]string `json:",omitempty"`
	UseCache  bool              `json:",omitempty"`
}

// An Account is what holds for all APIs of an account in a region.
type Account struct {
	Weighed
	// LogRole is the ARN of the role that logs are written with, "" for none.
	LogRole string
}
