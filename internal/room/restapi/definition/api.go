package definition

import (
	"slices"
	"strconv"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
)

// Endpoints are where an API may be served, and AddressTypes by which addresses.
var (
	Endpoints    = []string{"PRIVATE", "EDGE", "REGIONAL"}
	AddressTypes = []string{"ipv4", "dualstack"}
)

const private = "PRIVATE"

// maxCompression bounds [Settings.Compression], in bytes.
const maxCompression = 10 << 20

// AddressesOf returns by which addresses an API with an endpoint is found.
func AddressesOf(endpoint string) string {
	if endpoint == private {
		return "dualstack"
	}
	return "ipv4"
}

// maxListed bounds the lists of an API, and maxPolicy its policy, as AWS does.
const (
	maxListed = 100
	maxPolicy = 8192
)

// Check says what is wrong with an API.
func (a *API) Check() error {
	switch {
	case a.Name == "":
		return fault.Invalid("Rest API name cannot be empty")
	case a.Endpoint == private && a.Addresses != "dualstack":
		return fault.Invalid("Only dualstack ipAddressType is supported for Private APIs.")
	case a.Compression != nil && (*a.Compression < 0 || *a.Compression > maxCompression):
		return errCompression
	}
	for _, b := range a.Binary {
		if b == "" {
			return fault.Invalid("Invalid binary media type: it cannot be empty")
		}
	}
	if err := short(slices.Concat(a.Binary, a.VPCEndpoints, []string{a.Name, a.Description, a.Version})...); err != nil {
		return err
	}
	if len(a.Binary) > maxListed || len(a.VPCEndpoints) > maxListed {
		return fault.Limit("An API has at most %d binary media types, and as many VPC endpoints.", maxListed)
	}
	if len(a.Policy) > maxPolicy {
		return fault.Invalid("The policy of an API has at most %d bytes.", maxPolicy)
	}
	if a.Policy == "" {
		return nil
	}
	if _, err := policy.ParseResource(a.Policy); err != nil {
		return fault.Invalid("Invalid policy document. Please check the policy syntax and ensure that Principals are valid. %v", err)
	}
	return nil
}

var errCompression = fault.Invalid("Invalid minimum compression size, must be between 0 and %d", maxCompression)

var apiRules = patch.Set[API]{Rules: []patch.Rule[API]{
	{Path: "/name", Do: func(a *API, _ string, o *patch.Operation) error { a.Name = o.Text(); return nil }},
	{Path: "/description", Ops: []string{"replace", "remove"}, Do: func(a *API, _ string, o *patch.Operation) error {
		a.Description = o.Text()
		if o.Removes() {
			a.Description = ""
		}
		return nil
	}},
	{Path: "/version", Do: func(a *API, _ string, o *patch.Operation) error { a.Version = o.Text(); return nil }},
	{Path: "/policy", Do: func(a *API, _ string, o *patch.Operation) error { a.Policy = o.Text(); return nil }},
	{Path: "/disableExecuteApiEndpoint", Do: func(a *API, _ string, o *patch.Operation) error { a.NoDefault = o.Bool(); return nil }},
	{Path: "/apiKeySource", Do: func(a *API, _ string, o *patch.Operation) error {
		if a.KeySource = o.Text(); !slices.Contains(KeySources, a.KeySource) {
			return fault.Invalid("Invalid API key source specified. Valid options are HEADER,AUTHORIZER")
		}
		return nil
	}},
	{Path: "/minimumCompressionSize", Do: func(a *API, _ string, o *patch.Operation) error {
		if a.Compression = nil; o.Text() == "" {
			return nil
		}
		n, err := strconv.Atoi(o.Text())
		if err != nil {
			return errCompression
		}
		a.Compression = &n
		return nil
	}},
	{Path: "/binaryMediaTypes/*", Ops: patch.Any, Do: func(a *API, name string, o *patch.Operation) error {
		a.Binary = replaced(a.Binary, name, o, name)
		return nil
	}},
	{Path: "/endpointConfiguration/types/*", Ops: patch.Any, Do: func(a *API, _ string, o *patch.Operation) error {
		if a.Endpoint = o.Text(); !slices.Contains(Endpoints, a.Endpoint) {
			return fault.Invalid("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE")
		}
		if a.Endpoint == private {
			a.Addresses = AddressesOf(private)
		}
		return nil
	}},
	{Path: "/endpointConfiguration/ipAddressType", Do: func(a *API, _ string, o *patch.Operation) error {
		if a.Addresses = o.Text(); !slices.Contains(AddressTypes, a.Addresses) {
			return fault.Invalid("ipAddressType must be either ipv4 or dualstack.")
		}
		return nil
	}},
	{Path: "/endpointConfiguration/vpcEndpointIds", Ops: []string{"add", "remove"}, Do: func(a *API, _ string, o *patch.Operation) error {
		a.VPCEndpoints = replaced(a.VPCEndpoints, o.Text(), o, o.Text())
		return nil
	}},
}}

// KeySources are where keys of callers may be.
var KeySources = []string{"HEADER", "AUTHORIZER"}

// replaced is a list of names in which an operation adds one, takes one away, or has
// its value in the place of one, which then comes last.
func replaced(list []string, name string, o *patch.Operation, added string) []string {
	list = slices.DeleteFunc(list, func(s string) bool { return s == name })
	switch o.Op {
	case "add":
		return append(list, added)
	case "replace":
		return append(list, o.Text())
	}
	return list
}

// Change makes changes in an API.
func (a *API) Change(ops []patch.Operation) error {
	a.Binary, a.VPCEndpoints = slices.Clone(a.Binary), slices.Clone(a.VPCEndpoints)
	if err := apiRules.Apply(a, ops); err != nil {
		return err
	}
	return a.Check()
}
