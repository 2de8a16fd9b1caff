// Package limits has the constraints on the members of Lambda's inputs, as AWS's model
// of the service has them: a line for each, under the type and the member.
package limits

import (
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

// The patterns of names, as AWS prints them.
const (
	functionPattern = catalog.NamePattern
	aliasPattern    = `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`
	aliasExpr       = `[0-9]*[a-zA-Z_-][a-zA-Z0-9_-]*` // which Go cannot say as AWS does
	layerPattern    = `(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+`
	versionPattern  = `(\$LATEST|[0-9]+)`
	rolePattern     = `arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+`
	anyARN          = `(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()`
)

var (
	nameLimit      = wire.Limit{Required: true, Min: 1, Max: 140, Pattern: functionPattern}
	aliasLimit     = wire.Limit{Required: true, Min: 1, Max: 128, Pattern: aliasPattern, Expr: aliasExpr}
	layerLimit     = wire.Limit{Required: true, Min: 1, Max: 140, Pattern: layerPattern}
	pageLimit      = wire.Limit{Min: 1, Max: 10_000}
	architectures  = wire.Limit{Min: 1, Max: 1, Each: &wire.Limit{Enum: []string{"x86_64", "arm64"}}}
	runtimes       = wire.Limit{Max: 15}
	architecture   = wire.Limit{Enum: []string{"x86_64", "arm64"}}
	descriptionMax = wire.Limit{Max: 256}
	revisionLimit  = wire.Limit{Max: 256}
)

// All are the constraints of the inputs of package function. Those of event source mappings,
// provisioned concurrency and URLs stand beside their operations.
var All = wire.Limits{
	"functionInput.FunctionName":  nameLimit,
	"qualifiedInput.FunctionName": {Required: true, Min: 1, Max: 170, Pattern: functionPattern},
	"qualifiedInput.Qualifier":    {Min: 1, Max: 128, Pattern: `(|[a-zA-Z0-9$_-]+)`},
	"pageInput.FunctionName":      nameLimit,
	"pageInput.MaxItems":          pageLimit,

	"createFunctionInput.FunctionName":      nameLimit,
	"createFunctionInput.Code":              {Required: true},
	"createFunctionInput.PackageType":       {Enum: []string{"Image", "Zip"}},
	"createFunctionInput.Architectures":     architectures,
	"createFunctionInput.Tags":              {Max: 50, Keys: &wire.Limit{Min: 1, Max: 128}, Each: &wire.Limit{Max: 256}},
	"configurationInput.Role":               {Pattern: rolePattern},
	"configurationInput.Handler":            {Max: 128, Pattern: `[^\s]+`},
	"configurationInput.Description":        descriptionMax,
	"configurationInput.Timeout":            {Min: 1, Max: 900},
	"configurationInput.MemorySize":         {Min: 128, Max: 10240},
	"EphemeralStorage.Size":                 {Required: true, Min: 512, Max: 10240},
	"LoggingConfig.LogFormat":               {Enum: []string{"JSON", "Text"}},
	"LoggingConfig.ApplicationLogLevel":     {Enum: []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}},
	"LoggingConfig.SystemLogLevel":          {Enum: []string{"DEBUG", "INFO", "WARN"}},
	"LoggingConfig.LogGroup":                {Min: 1, Max: 512, Pattern: `[\.\-_/#A-Za-z0-9]+`},
	"TracingConfig.Mode":                    {Enum: []string{"Active", "PassThrough"}},
	"DeadLetterConfig.TargetArn":            {Pattern: anyARN},
	"updateCodeInput.FunctionName":          nameLimit,
	"updateCodeInput.Architectures":         architectures,
	"updateCodeInput.RevisionId":            revisionLimit,
	"updateConfigurationInput.FunctionName": nameLimit,
	"updateConfigurationInput.RevisionId":   revisionLimit,
	"listFunctionsInput.FunctionVersion":    {Enum: []string{"ALL"}},
	"listFunctionsInput.MaxItems":           pageLimit,

	"publishInput.FunctionName":           nameLimit,
	"publishInput.Description":            descriptionMax,
	"createAliasInput.FunctionName":       nameLimit,
	"createAliasInput.Name":               aliasLimit,
	"createAliasInput.FunctionVersion":    {Required: true, Min: 1, Max: 10, Pattern: versionPattern},
	"createAliasInput.Description":        descriptionMax,
	"updateAliasInput.FunctionName":       nameLimit,
	"updateAliasInput.Name":               aliasLimit,
	"updateAliasInput.FunctionVersion":    {Min: 1, Max: 10, Pattern: versionPattern},
	"updateAliasInput.Description":        descriptionMax,
	"aliasInput.FunctionName":             nameLimit,
	"aliasInput.Name":                     aliasLimit,
	"listAliasesInput.FunctionVersion":    {Min: 1, Max: 10, Pattern: versionPattern},
	"addPermissionInput.StatementId":      {Required: true, Min: 1, Max: 100, Pattern: `([a-zA-Z0-9-_]+)`},
	"addPermissionInput.Action":           {Required: true, Max: 128, Pattern: `(lambda:[*]|lambda:[a-zA-Z]+|[*])`},
	"addPermissionInput.Principal":        {Required: true, Max: 2048, Pattern: `[^\s]+`},
	"addPermissionInput.SourceArn":        {Max: 2048, Pattern: `arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)`},
	"addPermissionInput.SourceAccount":    {Max: 12, Pattern: `\d{12}`},
	"addPermissionInput.EventSourceToken": {Max: 256, Pattern: `[a-zA-Z0-9._\-]+`},
	"addPermissionInput.PrincipalOrgID":   {Min: 12, Max: 34, Pattern: `o-[a-z0-9]{10,32}`},
	"addPermissionInput.FunctionUrlAuthType": {
		Enum: []string{"NONE", "AWS_IAM"},
	},
	"removePermissionInput.StatementId": {Required: true, Min: 1, Max: 100, Pattern: `([a-zA-Z0-9-_.]+)`},

	"asyncInput.MaximumRetryAttempts":     {HasMin: true, Max: 2},
	"asyncInput.MaximumEventAgeInSeconds": {Min: 60, Max: 21600},
	"Destination.Destination":             {Max: 350},

	"publishLayerInput.LayerName":               layerLimit,
	"publishLayerInput.Content":                 {Required: true},
	"publishLayerInput.Description":             descriptionMax,
	"publishLayerInput.LicenseInfo":             {Max: 512},
	"publishLayerInput.CompatibleRuntimes":      runtimes,
	"publishLayerInput.CompatibleArchitectures": {Max: 2, Each: &architecture},
	"layerVersionInput.LayerName":               layerLimit,
	"layerVersionInput.VersionNumber":           {Required: true, Min: 1, Max: 9_999_999_999},
	"layerByARNInput.Arn":                       {Required: true, Min: 1, Max: 140},
	"listLayerVersionsInput.LayerName":          layerLimit,
	"layerFilter.MaxItems":                      {Min: 1, Max: 50},

	"putConcurrencyInput.FunctionName":                 nameLimit,
	"putConcurrencyInput.ReservedConcurrentExecutions": {Required: true, HasMin: true},
	"resourceInput.Resource":                           {Required: true, Min: 1, Max: 256},
	"tagInput.Resource":                                {Required: true, Min: 1, Max: 256},
	"tagInput.Tags":                                    {Required: true, Max: 50, Keys: &wire.Limit{Min: 1, Max: 128}, Each: &wire.Limit{Max: 256}},
	"untagInput.Resource":                              {Required: true, Min: 1, Max: 256},
	"untagInput.TagKeys":                               {Required: true},

	"invokeInput.InvocationType": {Enum: []string{"Event", "RequestResponse", "DryRun"}},
	"invokeInput.LogType":        {Enum: []string{"None", "Tail"}},
	"invokeInput.ClientContext":  {Max: 3583},

	"streamInput.InvocationType": {Enum: []string{"RequestResponse", "DryRun"}},
	"streamInput.LogType":        {Enum: []string{"None", "Tail"}},
	"streamInput.ClientContext":  {Max: 3583},
}
