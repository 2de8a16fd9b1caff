package limits

import "github.com/dari-bus/dari/internal/wire"

// The constraints of connections and API destinations. Where the order of an
// enum differs from that of the documentation, it is the one that AWS prints.
var (
	connectionName = wire.Limit{Min: 1, Max: 64, Pattern: `[\.\-_A-Za-z0-9]+`}
	connectionARN  = wire.Limit{Min: 1, Max: 1600, Pattern: `^arn:aws([a-z]|\-)*:events:([a-z]|\d|\-)*:([0-9]{12})?:connection\/[\.\-_A-Za-z0-9]+\/[\-A-Za-z0-9]+$`}
	oneLine        = wire.Limit{Max: 512, Pattern: `.*`}
	httpsEndpoint  = wire.Limit{Min: 1, Max: 2048, Pattern: `^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$`}
	httpMethod     = wire.Limit{Enum: []string{"HEAD", "POST", "PATCH", "DELETE", "PUT", "GET", "OPTIONS"}}
	tokenMethod    = wire.Limit{Min: 1, Max: 512} // AWS looks at it when it asks for a token
	authType       = wire.Limit{Enum: []string{"BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"}}
	authText       = wire.Limit{Min: 1, Max: 512, Pattern: `^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$`}
	callsPerSecond = wire.Limit{Min: 1}
	parameterList  = wire.Limit{HasMin: true, Max: 100}
)

// secret returns l for a value that errors do not repeat.
func secret(l wire.Limit) wire.Limit {
	l.Secret = true
	return l
}

var connectionLimits = wire.Limits{
	"CreateConnectionInput.Name":              required(connectionName),
	"CreateConnectionInput.Description":       oneLine,
	"CreateConnectionInput.AuthorizationType": required(authType),
	"CreateConnectionInput.AuthParameters":    present,
	"CreateConnectionInput.KmsKeyIdentifier":  kmsKey,
	"UpdateConnectionInput.Name":              required(connectionName),
	"UpdateConnectionInput.Description":       oneLine,
	"UpdateConnectionInput.AuthorizationType": authType,
	"UpdateConnectionInput.KmsKeyIdentifier":  kmsKey,
	"DescribeConnectionInput.Name":            required(connectionName),
	"DeleteConnectionInput.Name":              required(connectionName),
	"DeauthorizeConnectionInput.Name":         required(connectionName),
	"ListConnectionsInput.NamePrefix":         connectionName,
	"ListConnectionsInput.NextToken":          nextToken,
	"ListConnectionsInput.Limit":              pageSize,
	"ListConnectionsInput.ConnectionState": {Enum: []string{"CREATING", "UPDATING", "DELETING", "AUTHORIZED", "DEAUTHORIZED",
		"AUTHORIZING", "DEAUTHORIZING", "ACTIVE", "FAILED_CONNECTIVITY"}},

	"CreateConnectionBasicAuthRequestParameters.Username":           required(authText),
	"CreateConnectionBasicAuthRequestParameters.Password":           secret(required(authText)),
	"CreateConnectionApiKeyAuthRequestParameters.ApiKeyName":        required(authText),
	"CreateConnectionApiKeyAuthRequestParameters.ApiKeyValue":       secret(required(authText)),
	"CreateConnectionOAuthRequestParameters.ClientParameters":       present,
	"CreateConnectionOAuthRequestParameters.AuthorizationEndpoint":  required(httpsEndpoint),
	"CreateConnectionOAuthRequestParameters.HttpMethod":             required(tokenMethod),
	"CreateConnectionOAuthClientRequestParameters.ClientID":         required(authText),
	"CreateConnectionOAuthClientRequestParameters.ClientSecret":     secret(required(authText)),
	"UpdateConnectionBasicAuthRequestParameters.Username":           authText,
	"UpdateConnectionBasicAuthRequestParameters.Password":           secret(authText),
	"UpdateConnectionApiKeyAuthRequestParameters.ApiKeyName":        authText,
	"UpdateConnectionApiKeyAuthRequestParameters.ApiKeyValue":       secret(authText),
	"UpdateConnectionOAuthRequestParameters.AuthorizationEndpoint":  httpsEndpoint,
	"UpdateConnectionOAuthRequestParameters.HttpMethod":             tokenMethod,
	"UpdateConnectionOAuthClientRequestParameters.ClientID":         authText,
	"UpdateConnectionOAuthClientRequestParameters.ClientSecret":     secret(authText),
	"ConnectionHttpParameters.HeaderParameters":                     parameterList,
	"ConnectionHttpParameters.QueryStringParameters":                parameterList,
	"ConnectionHttpParameters.BodyParameters":                       parameterList,
	"ConnectionHeaderParameter.Key":                                 headerKey,
	"ConnectionHeaderParameter.Value":                               secret(headerValue),
	"ConnectionQueryStringParameter.Key":                            queryKey,
	"ConnectionQueryStringParameter.Value":                          secret(queryValue),
	"ConnectionBodyParameter.Value":                                 {Secret: true},
	"ConnectivityResourceParameters.ResourceParameters":             present,
	"ConnectivityResourceConfigurationArn.ResourceConfigurationArn": {Required: true, HasMin: true, Max: 2048, Pattern: `^(?:^arn:[a-z0-9\-]+:vpc-lattice:[a-zA-Z0-9\-]+:\d{12}:resourceconfiguration/rcfg-[0-9a-z]{17}$|^$)`},
}

var apiDestinationLimits = wire.Limits{
	"CreateApiDestinationInput.Name":                         required(connectionName),
	"CreateApiDestinationInput.Description":                  oneLine,
	"CreateApiDestinationInput.ConnectionArn":                required(connectionARN),
	"CreateApiDestinationInput.InvocationEndpoint":           required(httpsEndpoint),
	"CreateApiDestinationInput.HttpMethod":                   required(httpMethod),
	"CreateApiDestinationInput.InvocationRateLimitPerSecond": callsPerSecond,
	"UpdateApiDestinationInput.Name":                         required(connectionName),
	"UpdateApiDestinationInput.Description":                  oneLine,
	"UpdateApiDestinationInput.ConnectionArn":                connectionARN,
	"UpdateApiDestinationInput.InvocationEndpoint":           httpsEndpoint,
	"UpdateApiDestinationInput.HttpMethod":                   httpMethod,
	"UpdateApiDestinationInput.InvocationRateLimitPerSecond": callsPerSecond,
	"DescribeApiDestinationInput.Name":                       required(connectionName),
	"DeleteApiDestinationInput.Name":                         required(connectionName),
	"ListApiDestinationsInput.NamePrefix":                    connectionName,
	"ListApiDestinationsInput.ConnectionArn":                 connectionARN,
	"ListApiDestinationsInput.NextToken":                     nextToken,
	"ListApiDestinationsInput.Limit":                         pageSize,
}
