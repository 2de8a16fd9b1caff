package function

import (
	"context"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

// maxUpload is how long a request may be that brings code, in bytes, as at AWS.
const maxUpload = 70_167_211

func (a api) functionRows() []wire.Operation {
	const functions, one = "/2015-03-31/functions", "/2015-03-31/functions/{FunctionName}"
	return []wire.Operation{
		wire.Op("CreateFunction", a.CreateFunction).At("POST "+functions, 201).Takes(maxUpload),
		wire.Op("DeleteFunction", a.DeleteFunction).At("DELETE "+one, 204),
		wire.Op("GetFunction", a.GetFunction).At("GET "+one, 200).Reads(),
		wire.Op("GetFunctionConfiguration", a.GetFunctionConfiguration).At("GET "+one+"/configuration", 200).Reads(),
		wire.Op("ListFunctions", a.ListFunctions).At("GET "+functions, 200).Reads(),
		wire.Op("UpdateFunctionCode", a.UpdateFunctionCode).At("PUT "+one+"/code", 200).Takes(maxUpload),
		wire.Op("UpdateFunctionConfiguration", a.UpdateFunctionConfiguration).At("PUT "+one+"/configuration", 200),
	}
}

// FunctionCode is where code comes from.
type FunctionCode struct {
	ZipFile                          []byte `trail:"omitted"`
	S3Bucket, S3Key, S3ObjectVersion *string
	S3ObjectStorageMode              *string
	ImageUri, SourceKMSKeyArn        *string
}

// zip returns the zip that code is, and refuses what is none.
func (c *FunctionCode) zip() ([]byte, error) {
	switch {
	case c.ImageUri != nil:
		return nil, notOffered("ImageUri", "functions are zips and no images")
	case c.S3Bucket != nil || c.S3Key != nil:
		return nil, fault.Invalid("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist. There is no S3 here: send the zip itself as ZipFile.")
	case c.SourceKMSKeyArn != nil && *c.SourceKMSKeyArn != "":
		return nil, notOffered("SourceKMSKeyArn", "nothing is encrypted with keys of KMS")
	case len(c.ZipFile) == 0:
		return nil, fault.Invalid("Please provide a source for function code.")
	}
	return c.ZipFile, nil
}

type createFunctionInput struct {
	configurationInput
	FunctionName         *string
	Code                 *FunctionCode
	Publish              *bool
	PublishTo            *string
	PackageType          *string
	Tags                 map[string]string
	CodeSigningConfigArn *string
	Architectures        []string
	TenancyConfig        *TenancyConfig
}

// CreateFunction makes a function.
func (a api) CreateFunction(ctx context.Context, in *createFunctionInput) (*configuration, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if at.Qualifier != "" {
		return nil, fault.Invalid("The name %s has a qualifier, and a function that is made has none.", *in.FunctionName)
	}
	switch {
	case in.PackageType != nil && *in.PackageType != "Zip":
		return nil, notOffered("PackageType Image", "functions are zips and no images")
	case in.CodeSigningConfigArn != nil:
		return nil, notOffered("CodeSigningConfigArn", "code is not signed")
	case in.TenancyConfig != nil:
		return nil, notOffered("TenancyConfig", "tenants are not kept apart")
	case in.PublishTo != nil:
		return nil, notOffered("PublishTo", "there is one $LATEST")
	}
	ch, err := in.change()
	if err != nil {
		return nil, err
	}
	if len(in.Architectures) > 0 {
		ch.Architecture = &in.Architectures[0]
	}
	d := catalog.Draft{Change: *ch, Tags: in.Tags, Publish: wire.Val(in.Publish)}
	if d.Zip, err = in.Code.zip(); err != nil {
		return nil, err
	}
	v, err := a.Create(ctx, by, at, d)
	if err != nil {
		return nil, err
	}
	return configurationOf(named(at, v), v).made(), nil
}

// named is a function as the answer to a change of it names it: with the number of a
// version that was published.
func named(a catalog.Address, v *catalog.Version) catalog.Address {
	if v.Number == catalog.Latest {
		return a.Whole()
	}
	return a.With(v.Number)
}

type deleted struct {
	StatusCode int `rest:"status" json:",omitempty"`
}

// DeleteFunction deletes a function, or one version of it.
func (a api) DeleteFunction(ctx context.Context, in *qualifiedInput) (*deleted, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return &deleted{204}, a.Delete(ctx, by, at)
}

type codeLocation struct {
	RepositoryType string
}

type concurrency struct {
	ReservedConcurrentExecutions *int
}

type getFunctionOutput struct {
	Configuration *configuration
	Code          codeLocation
	Tags          map[string]string `json:",omitempty"`
	Concurrency   *concurrency
}

// GetFunction returns a function.
func (a api) GetFunction(ctx context.Context, in *qualifiedInput) (*getFunctionOutput, error) {
	at, f, err := a.find(ctx, in, "GetFunction")
	if err != nil {
		return nil, err
	}
	out := &getFunctionOutput{Configuration: configurationOf(at, f.Version), Code: codeLocation{"S3"}}
	if out.Tags, err = a.TagsOf(at); err != nil {
		return nil, err
	}
	if f.Reserved != nil {
		out.Concurrency = &concurrency{f.Reserved}
	}
	return out, nil
}

// find returns a version for one who may see it, and the function as it was named.
func (a api) find(ctx context.Context, in *qualifiedInput, op string) (catalog.Address, catalog.Found, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return at, catalog.Found{}, err
	}
	f, err := a.Get(by, at, op)
	return at, f, err
}

// GetFunctionConfiguration returns the settings of a function.
func (a api) GetFunctionConfiguration(ctx context.Context, in *qualifiedInput) (*configuration, error) {
	at, f, err := a.find(ctx, in, "GetFunctionConfiguration")
	if err != nil {
		return nil, err
	}
	return configurationOf(at, f.Version), nil
}

type listFunctionsInput struct {
	MasterRegion    *string `rest:"query"`
	FunctionVersion *string `rest:"query"`
	Marker          *string `rest:"query"`
	MaxItems        *int    `rest:"query"`
}

type functionsOutput struct {
	NextMarker string          `json:",omitempty"`
	Functions  []configuration `empty:"kept"`
}

// ListFunctions lists the functions of the account, all their versions if asked for.
func (a api) ListFunctions(ctx context.Context, in *listFunctionsInput) (*functionsOutput, error) {
	by := caller(ctx)
	rows, next, err := a.Functions(by, wire.Val(in.Marker), limitOf(in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &functionsOutput{NextMarker: next, Functions: []configuration{}}
	for _, f := range rows {
		at := catalog.Address{Place: by.Place, Name: f.Name}
		if in.FunctionVersion == nil {
			out.Functions = append(out.Functions, configurationOf(at, &f.Latest).listed())
			continue
		}
		versions, err := a.versions(by, at)
		if err != nil {
			return nil, err
		}
		out.Functions = append(out.Functions, versions...)
	}
	return out, nil
}

// versions are all of a function, as lists have them.
func (a api) versions(by access.Caller, at catalog.Address) (all []configuration, err error) {
	versions, err := a.Versions(by, at)
	for _, v := range versions {
		all = append(all, configurationOf(at.With(v.Number), v).listed())
	}
	return all, err
}

type updateCodeInput struct {
	FunctionCode
	FunctionName    *string `rest:"label"`
	Publish, DryRun *bool
	PublishTo       *string
	RevisionId      *string
	Architectures   []string
}

// UpdateFunctionCode changes the code of a function.
func (a api) UpdateFunctionCode(ctx context.Context, in *updateCodeInput) (*configuration, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if in.PublishTo != nil {
		return nil, notOffered("PublishTo", "there is one $LATEST")
	}
	u := catalog.CodeChange{Publish: wire.Val(in.Publish), Keep: wire.Val(in.DryRun), Revision: wire.Val(in.RevisionId)}
	if len(in.Architectures) > 0 {
		u.Architecture = &in.Architectures[0]
	}
	if u.Zip, err = in.zip(); err != nil {
		return nil, err
	}
	v, err := a.UpdateCode(ctx, by, at, u)
	if err != nil {
		return nil, err
	}
	return configurationOf(named(at, v), v).changed(), nil
}

// unqualified returns the function that a change is about, which is never one version.
func unqualified(by access.Caller, name *string) (catalog.Address, error) {
	at, err := of(by, name, nil)
	if err != nil {
		return at, err
	}
	if at.Qualifier != "" && at.Qualifier != catalog.Latest {
		return at, fault.Invalid("%s names a version or an alias, and only the function itself can be changed.", *name)
	}
	return at.Whole(), nil
}

type updateConfigurationInput struct {
	configurationInput
	FunctionName *string `rest:"label"`
	RevisionId   *string
}

// UpdateFunctionConfiguration changes the settings of a function.
func (a api) UpdateFunctionConfiguration(ctx context.Context, in *updateConfigurationInput) (*configuration, error) {
	by := caller(ctx)
	at, err := unqualified(by, in.FunctionName)
	if err != nil {
		return nil, err
	}
	ch, err := in.change()
	if err != nil {
		return nil, err
	}
	v, err := a.UpdateConfiguration(ctx, by, at, ch, wire.Val(in.RevisionId))
	if err != nil {
		return nil, err
	}
	return configurationOf(at, v).changed(), nil
}
