package function

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/room/function/mapping"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) settingRows() []wire.Operation {
	const tags = "/2017-03-31/tags/{Resource}"
	return []wire.Operation{
		wire.Op("DeleteFunctionConcurrency", a.DeleteFunctionConcurrency).At("DELETE /2017-10-31/functions/{FunctionName}/concurrency", 204),
		wire.Op("GetAccountSettings", a.GetAccountSettings).At("GET /2016-08-19/account-settings", 200).Reads(),
		wire.Op("GetFunctionCodeSigningConfig", a.GetFunctionCodeSigningConfig).At("GET /2020-06-30/functions/{FunctionName}/code-signing-config", 200).Reads(),
		wire.Op("GetFunctionConcurrency", a.GetFunctionConcurrency).At("GET /2019-09-30/functions/{FunctionName}/concurrency", 200).Reads(),
		wire.Op("GetFunctionRecursionConfig", a.GetFunctionRecursionConfig).At("GET /2024-08-31/functions/{FunctionName}/recursion-config", 200).Reads(),
		wire.Op("GetRuntimeManagementConfig", a.GetRuntimeManagementConfig).At("GET /2021-07-20/functions/{FunctionName}/runtime-management-config", 200).Reads(),
		wire.Op("ListTags", a.ListTags).At("GET "+tags, 200).Reads(),
		wire.Op("PutFunctionConcurrency", a.PutFunctionConcurrency).At("PUT /2017-10-31/functions/{FunctionName}/concurrency", 200),
		wire.Op("TagResource", a.TagResource).At("POST "+tags, 204),
		wire.Op("UntagResource", a.UntagResource).At("DELETE "+tags, 204),
	}
}

type putConcurrencyInput struct {
	FunctionName                 *string `rest:"label"`
	ReservedConcurrentExecutions *int
}

// PutFunctionConcurrency says how many invocations a function may have at a time.
func (a api) PutFunctionConcurrency(ctx context.Context, in *putConcurrencyInput) (*concurrency, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	return &concurrency{in.ReservedConcurrentExecutions}, a.Reserve(ctx, by, at, in.ReservedConcurrentExecutions)
}

// DeleteFunctionConcurrency lets a function have as many as there are.
func (a api) DeleteFunctionConcurrency(ctx context.Context, in *functionInput) (*wire.None, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Reserve(ctx, by, at, nil)
}

// GetFunctionConcurrency returns how many a function may have, if that was said.
func (a api) GetFunctionConcurrency(ctx context.Context, in *functionInput) (*concurrency, error) {
	_, f, err := a.find(ctx, &qualifiedInput{FunctionName: in.FunctionName}, "GetFunctionConcurrency")
	if err != nil {
		return nil, err
	}
	return &concurrency{f.Reserved}, nil
}

// AccountLimit is what an account may have.
type AccountLimit struct {
	TotalCodeSize, CodeSizeUnzipped, CodeSizeZipped      int64
	ConcurrentExecutions, UnreservedConcurrentExecutions int
}

// AccountUsage is what an account has.
type AccountUsage struct{ TotalCodeSize, FunctionCount int64 }

type accountSettingsOutput struct {
	AccountLimit AccountLimit
	AccountUsage AccountUsage
}

// GetAccountSettings says what an account may have, and has.
func (a api) GetAccountSettings(ctx context.Context, _ *struct{}) (*accountSettingsOutput, error) {
	by := caller(ctx)
	if err := a.MaySee(by, "GetAccountSettings"); err != nil {
		return nil, err
	}
	size, functions := a.Usage(by.Place)
	return &accountSettingsOutput{
		AccountLimit{catalog.MaxCode(), code.MaxUnzipped, code.MaxZipped, catalog.MaxConcurrent, a.Unreserved(by.Place)},
		AccountUsage{size, int64(functions)},
	}, nil
}

type codeSigningOutput struct {
	CodeSigningConfigArn string `json:",omitempty"`
	FunctionName         string
}

// GetFunctionCodeSigningConfig says that a function has none.
func (a api) GetFunctionCodeSigningConfig(ctx context.Context, in *functionInput) (*codeSigningOutput, error) {
	at, _, err := a.find(ctx, &qualifiedInput{FunctionName: in.FunctionName}, "GetFunctionCodeSigningConfig")
	return &codeSigningOutput{FunctionName: at.Name}, err
}

type recursionOutput struct{ RecursiveLoop string }

// GetFunctionRecursionConfig says that loops are not looked for.
func (a api) GetFunctionRecursionConfig(ctx context.Context, in *functionInput) (*recursionOutput, error) {
	_, _, err := a.find(ctx, &qualifiedInput{FunctionName: in.FunctionName}, "GetFunctionRecursionConfig")
	return &recursionOutput{"Allow"}, err
}

type runtimeManagementOutput struct {
	UpdateRuntimeOn   string
	RuntimeVersionArn string `json:",omitempty"`
	FunctionArn       string
}

// GetRuntimeManagementConfig says that runtimes are updated with the machine.
func (a api) GetRuntimeManagementConfig(ctx context.Context, in *qualifiedInput) (*runtimeManagementOutput, error) {
	at, _, err := a.find(ctx, in, "GetRuntimeManagementConfig")
	return &runtimeManagementOutput{UpdateRuntimeOn: "Auto", FunctionArn: at.ARN()}, err
}

// tagged returns the function that an ARN of the operations on tags names.
func tagged(by access.Caller, resource *string) (catalog.Address, error) {
	at, err := catalog.ParseAddress(by.Place, *resource, "")
	if err == nil && at.Qualifier != "" {
		return at, fault.Invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	return at, err
}

type resourceInput struct {
	Resource *string `rest:"label"`
}

type tagsOutput struct {
	Tags map[string]string `empty:"kept"`
}

// ListTags returns the tags of a function or an event source mapping.
func (a api) ListTags(ctx context.Context, in *resourceInput) (*tagsOutput, error) {
	by := caller(ctx)
	tags, err := a.tags(by, in.Resource)
	if tags == nil {
		tags = map[string]string{}
	}
	return &tagsOutput{tags}, err
}

func (a api) tags(by access.Caller, resource *string) (map[string]string, error) {
	if uuid := mapping.Named(by.Place, *resource); uuid != "" {
		return a.Mappings.Tags(by, uuid)
	}
	at, err := tagged(by, resource)
	if err != nil {
		return nil, err
	}
	return a.Tags(by, at)
}

type tagInput struct {
	Resource *string `rest:"label"`
	Tags     map[string]string
}

// TagResource gives tags to a function or an event source mapping.
func (a api) TagResource(ctx context.Context, in *tagInput) (*wire.None, error) {
	by := caller(ctx)
	if uuid := mapping.Named(by.Place, *in.Resource); uuid != "" {
		return &wire.None{}, a.Mappings.Retag(ctx, by, uuid, in.Tags, nil)
	}
	at, err := tagged(by, in.Resource)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Tag(ctx, by, at, in.Tags)
}

type untagInput struct {
	Resource *string  `rest:"label"`
	TagKeys  []string `rest:"query=tagKeys"`
}

// UntagResource takes tags from a function or an event source mapping.
func (a api) UntagResource(ctx context.Context, in *untagInput) (*wire.None, error) {
	by := caller(ctx)
	if uuid := mapping.Named(by.Place, *in.Resource); uuid != "" {
		return &wire.None{}, a.Mappings.Retag(ctx, by, uuid, nil, in.TagKeys)
	}
	at, err := tagged(by, in.Resource)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Untag(ctx, by, at, in.TagKeys)
}
