package definition

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

// The kinds of integrations, and what else some of their members may be, in AWS's order.
var (
	IntegrationTypes = []string{"HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"}
	Contents         = []string{"CONVERT_TO_BINARY", "CONVERT_TO_TEXT"}
	Passthroughs     = []string{"WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"}
)

// How long an integration may take: AWS's default, and its bounds, in milliseconds.
const (
	defaultTimeout = 29_000
	minTimeout     = 50
	maxTimeout     = 300_000 // for regional APIs, with a higher quota
)

func (i *Integration) clone() *Integration {
	n := *i
	n.Parameters, n.Templates, n.CacheKeys, n.Responses = maps.Clone(i.Parameters), maps.Clone(i.Templates), slices.Clone(i.CacheKeys), maps.Clone(i.Responses)
	return &n
}

// ProxiesHTTP says whether it is of one of the kinds that call a URL.
func (i *Integration) ProxiesHTTP() bool { return i.Type == "HTTP" || i.Type == "HTTP_PROXY" }

func (i *Integration) check() error {
	switch {
	case !slices.Contains(IntegrationTypes, i.Type):
		return fault.Invalid("Invalid integration type specified. Valid options are %s", strings.Join(IntegrationTypes, ","))
	case i.Type != "MOCK" && i.Verb == "":
		return fault.Invalid("Enumeration value for HttpMethod must be non-empty")
	case i.Verb != "" && !slices.Contains(Verbs, i.Verb):
		return ErrVerb
	case !slices.Contains(Passthroughs, i.Passthrough):
		return fault.Invalid("Invalid passthrough behavior specified. Valid options are %s", strings.Join(Passthroughs, ","))
	case i.TimeoutMillis < minTimeout || i.TimeoutMillis > maxTimeout:
		return fault.Invalid("Timeout should be between %d ms and %d ms", minTimeout, maxTimeout)
	}
	if err := i.checkURI(); err != nil {
		return err
	}
	if err := checkContent(i.Content); err != nil {
		return err
	}
	return checkTemplates(i.Templates)
}

func checkContent(content string) error {
	if content != "" && !slices.Contains(Contents, content) {
		return fault.Invalid("Invalid content handling specified. Valid options are %s", strings.Join(Contents, ","))
	}
	return nil
}

// maxTemplate bounds a mapping template, as AWS does.
const maxTemplate = 300 << 10

// mediaType is what templates and models are for.
var mediaType = regexp.MustCompile(`\A(?:[^\s/;]+/[^\s/]+|\$default)\z`)

func checkTemplates(templates map[string]string) error {
	for kind, text := range templates {
		if !mediaType.MatchString(kind) {
			return fault.Invalid("Validation Result: warnings : [], errors : [Invalid content type specified: %s]", kind)
		}
		if len(text) > maxTemplate {
			return fault.Invalid("The mapping template for %s has more than %d KB.", kind, maxTemplate>>10)
		}
	}
	return nil
}

// checkURI says what is wrong with where an integration leads.
func (i *Integration) checkURI() error {
	switch i.Type {
	case "MOCK":
		return nil
	case "HTTP", "HTTP_PROXY":
		// Variables of stages are filled in when it is called.
		u, err := url.Parse(stageVariable.ReplaceAllString(i.URI, "1"))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return fault.Invalid("Invalid HTTP endpoint specified for URI")
		}
		return nil
	}
	a, err := arn.Parse(i.URI)
	if err != nil {
		return fault.Invalid("Invalid ARN specified in the request")
	}
	kind, _, _ := strings.Cut(a.Resource, "/")
	if a.Service != "apigateway" || kind != "path" && kind != "action" {
		return fault.Invalid("AWS ARN for integration must contain path or action")
	}
	if i.Type == "AWS_PROXY" && a.Account != "lambda" && a.Account != "firehose" {
		return fault.Invalid("Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.")
	}
	return nil
}

var stageVariable = regexp.MustCompile(`\$\{stageVariables\.[^}]*\}|\{[^}]*\}`)

var integrationRules = patch.Set[Integration]{Rules: []patch.Rule[Integration]{
	{Path: "/uri", Do: func(i *Integration, _ string, o *patch.Operation) error { i.URI = o.Text(); return nil }},
	{Path: "/httpMethod", Do: func(i *Integration, _ string, o *patch.Operation) error { i.Verb = o.Text(); return nil }},
	{Path: "/credentials", Do: func(i *Integration, _ string, o *patch.Operation) error { i.Credentials = o.Text(); return nil }},
	{Path: "/passthroughBehavior", Do: func(i *Integration, _ string, o *patch.Operation) error { i.Passthrough = o.Text(); return nil }},
	{Path: "/contentHandling", Do: func(i *Integration, _ string, o *patch.Operation) error { i.Content = o.Text(); return nil }},
	{Path: "/cacheNamespace", Do: func(i *Integration, _ string, o *patch.Operation) error { i.Namespace = o.Text(); return nil }},
	{Path: "/timeoutInMillis", Do: func(i *Integration, _ string, o *patch.Operation) (err error) {
		i.TimeoutMillis, err = o.Int("timeoutInMillis", minTimeout, maxTimeout)
		return err
	}},
	{Path: "/tlsConfig/insecureSkipVerification", Do: func(i *Integration, _ string, o *patch.Operation) error {
		skip := o.Bool()
		i.Insecure = &skip
		return nil
	}},
	{Path: "/connectionType", Do: func(_ *Integration, _ string, o *patch.Operation) error { return CheckConnection(o.Text(), "") }},
	{Path: "/responseTransferMode", Do: func(i *Integration, _ string, o *patch.Operation) (err error) {
		i.Transfer, err = ParseTransfer(o.Text())
		return err
	}},
	{Path: "/cacheKeyParameters/*", Ops: patch.Any, Do: func(i *Integration, name string, o *patch.Operation) error {
		i.CacheKeys = replaced(i.CacheKeys, name, o, name)
		return nil
	}},
	{Path: "/requestParameters/*", Ops: patch.Any, Do: func(i *Integration, name string, o *patch.Operation) error {
		return setIn(&i.Parameters, name, o, o.Text(), errNoParameter)
	}},
	{Path: "/requestTemplates/*", Ops: patch.Any, Do: func(i *Integration, name string, o *patch.Operation) error {
		return setIn(&i.Templates, name, o, o.Text(), errNoType)
	}},
}}

// CheckConnection refuses connections other than by the network that the server is in.
func CheckConnection(kind, id string) error {
	if id != "" || kind != "" && kind != "INTERNET" {
		return fault.Invalid("dari does not offer VPC links: integrations are called from the machine of the server; leave connectionType and connectionId out.")
	}
	return nil
}

// ParseTransfer reads how answers are passed on, of which "" and BUFFERED are the same.
func ParseTransfer(mode string) (string, error) {
	switch mode {
	case "", "BUFFERED":
		return "", nil
	case "STREAM":
		return mode, nil
	}
	return "", fault.Invalid("Invalid responseTransferMode specified. Valid options are BUFFERED,STREAM")
}

// CheckAnswer says what is wrong with an answer, for which the method must have a response,
// beside its mapping expressions and its selection pattern: [CheckResponseMappings].
func (m *Method) CheckAnswer(status string, r *IntegrationResponse) error {
	declared := m.Responses[status]
	if declared == nil {
		return ErrNoResponse
	}
	for _, to := range slices.Sorted(maps.Keys(r.Parameters)) {
		if _, ok := declared.Parameters[to]; !ok {
			return undeclared(to)
		}
	}
	if err := checkContent(r.Content); err != nil {
		return err
	}
	return checkTemplates(r.Templates)
}

// undeclared is the fault of a parameter that the method has not.
func undeclared(parameter string) error {
	return fault.Invalid("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: %s]", parameter)
}

var answerRules = patch.Set[IntegrationResponse]{Rules: []patch.Rule[IntegrationResponse]{
	{Path: "/selectionPattern", Do: func(r *IntegrationResponse, _ string, o *patch.Operation) error { r.Selection = o.Value; return nil }},
	{Path: "/contentHandling", Do: func(r *IntegrationResponse, _ string, o *patch.Operation) error { r.Content = o.Text(); return nil }},
	{Path: "/responseParameters/*", Ops: patch.Any, Do: func(r *IntegrationResponse, name string, o *patch.Operation) error {
		return setIn(&r.Parameters, name, o, o.Text(), errNoParameter)
	}},
	{Path: "/responseTemplates/*", Ops: patch.Any, Do: func(r *IntegrationResponse, name string, o *patch.Operation) error {
		return setIn(&r.Templates, name, o, o.Text(), errNoType)
	}},
}}

// Complete has the defaults be in the place of what was not said.
func (i *Integration) Complete(resource string) {
	i.Namespace, i.Passthrough = cmp.Or(i.Namespace, resource), cmp.Or(i.Passthrough, "WHEN_NO_MATCH")
	i.TimeoutMillis = cmp.Or(i.TimeoutMillis, defaultTimeout)
}

// CheckIntegration says what is wrong with the integration of a method, beside its mapping
// expressions: [CheckRequestMappings].
func (m *Method) CheckIntegration() error {
	if err := m.Integration.check(); err != nil {
		return err
	}
	declared := m.declared()
	for _, from := range m.Integration.Parameters {
		if name, ok := parameter(from); ok && !declared[name] {
			return undeclared(from)
		}
	}
	return nil
}

// Change makes changes in an integration.
func (i *Integration) Change(ops []patch.Operation) error { return integrationRules.Apply(i, ops) }

// Changed is an integration response with changes.
func (r *IntegrationResponse) Changed(ops []patch.Operation) (*IntegrationResponse, error) {
	n := *r
	n.Parameters, n.Templates = maps.Clone(r.Parameters), maps.Clone(r.Templates)
	if err := answerRules.Apply(&n, ops); err != nil {
		return nil, err
	}
	return &n, nil
}
