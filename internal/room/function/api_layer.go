package function

import (
	"context"
	"fmt"
	"slices"

	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) layerRows() []wire.Operation {
	const layers, versions = "/2018-10-31/layers", "/2018-10-31/layers/{LayerName}/versions"
	return []wire.Operation{
		wire.Op("DeleteLayerVersion", a.DeleteLayerVersion).At("DELETE "+versions+"/{VersionNumber}", 204),
		wire.Op("GetLayerVersion", a.GetLayerVersion).At("GET "+versions+"/{VersionNumber}", 200).Reads(),
		wire.Op("GetLayerVersionByArn", a.GetLayerVersionByArn).At("GET "+layers+"?find=LayerVersion", 200).Reads(),
		wire.Op("ListLayers", a.ListLayers).At("GET "+layers, 200).Reads(),
		wire.Op("ListLayerVersions", a.ListLayerVersions).At("GET "+versions, 200).Reads(),
		wire.Op("PublishLayerVersion", a.PublishLayerVersion).At("POST "+versions, 201).Takes(maxUpload),
	}
}

type layerContent struct {
	CodeSha256 string
	CodeSize   int64
}

// A layerVersion is a version of a layer as lists have it.
type layerVersion struct {
	LayerVersionArn         string
	Description             string
	CreatedDate             string
	Version                 int64
	CompatibleRuntimes      []string `json:",omitempty"`
	CompatibleArchitectures []string `json:",omitempty"`
	LicenseInfo             string   `json:",omitempty"`
}

type layerOutput struct {
	layerVersion
	LayerArn string
	Content  layerContent
}

func layerVersionOf(l *catalog.Layer, at catalog.LayerAddress) layerVersion {
	return layerVersion{
		LayerVersionArn: catalog.LayerVersionARN(at.Place, l.Name, l.Number), Description: l.Description,
		CreatedDate: timestamp(l.Created), Version: int64(l.Number),
		CompatibleRuntimes: l.Runtimes, CompatibleArchitectures: l.Architectures, LicenseInfo: l.License,
	}
}

func layerOf(l *catalog.Layer, at catalog.LayerAddress) *layerOutput {
	return &layerOutput{layerVersionOf(l, at), catalog.LayerARN(at.Place, l.Name), layerContent{l.Code.SHA256(), l.Code.Size}}
}

type layerContentInput struct {
	S3Bucket, S3Key, S3ObjectVersion *string
	S3ObjectStorageMode              *string
	ZipFile                          []byte `trail:"omitted"`
}

type publishLayerInput struct {
	LayerName                                   *string `rest:"label"`
	Description, LicenseInfo                    *string
	Content                                     *layerContentInput
	CompatibleRuntimes, CompatibleArchitectures []string
}

// PublishLayerVersion makes a version of a layer.
func (a api) PublishLayerVersion(ctx context.Context, in *publishLayerInput) (*layerOutput, error) {
	by := caller(ctx)
	at, err := catalog.ParseLayer(by.Place, *in.LayerName)
	if err != nil {
		return nil, err
	}
	c := FunctionCode{ZipFile: in.Content.ZipFile, S3Bucket: in.Content.S3Bucket, S3Key: in.Content.S3Key}
	zip, err := c.zip()
	if err != nil {
		return nil, err
	}
	l, err := a.PublishLayer(ctx, by, at, catalog.Layer{
		Description: wire.Val(in.Description), License: wire.Val(in.LicenseInfo),
		Runtimes: in.CompatibleRuntimes, Architectures: in.CompatibleArchitectures,
	}, zip)
	if err != nil {
		return nil, err
	}
	return layerOf(l, at), nil
}

type layerVersionInput struct {
	LayerName     *string `rest:"label"`
	VersionNumber *int64  `rest:"label"`
}

func (in *layerVersionInput) address(ctx context.Context) (catalog.LayerAddress, error) {
	at, err := catalog.ParseLayer(caller(ctx).Place, *in.LayerName)
	at.Number = int(*in.VersionNumber)
	return at, err
}

// GetLayerVersion returns a version of a layer.
func (a api) GetLayerVersion(ctx context.Context, in *layerVersionInput) (*layerOutput, error) {
	at, err := in.address(ctx)
	if err != nil {
		return nil, err
	}
	return a.layer(ctx, at)
}

func (a api) layer(ctx context.Context, at catalog.LayerAddress) (*layerOutput, error) {
	l, err := a.Layer(caller(ctx), at)
	if err != nil {
		return nil, err
	}
	return layerOf(l, at), nil
}

type layerByARNInput struct {
	Arn *string `rest:"query"`
}

// GetLayerVersionByArn returns a version of a layer.
func (a api) GetLayerVersionByArn(ctx context.Context, in *layerByARNInput) (*layerOutput, error) {
	at, err := catalog.ParseLayerVersion(caller(ctx).Place, *in.Arn)
	if err != nil {
		return nil, err
	}
	return a.layer(ctx, at)
}

// DeleteLayerVersion deletes a version of a layer.
func (a api) DeleteLayerVersion(ctx context.Context, in *layerVersionInput) (*wire.None, error) {
	at, err := in.address(ctx)
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.DeleteLayer(ctx, caller(ctx), at)
}

// A layerFilter says which layers are listed.
type layerFilter struct {
	CompatibleRuntime      *string `rest:"query"`
	CompatibleArchitecture *string `rest:"query"`
	Marker                 *string `rest:"query"`
	MaxItems               *int    `rest:"query"`
}

func (f *layerFilter) keep(l *catalog.Layer) bool {
	fits := func(want *string, has []string) bool { return want == nil || slices.Contains(has, *want) }
	return fits(f.CompatibleRuntime, l.Runtimes) && fits(f.CompatibleArchitecture, l.Architectures)
}

type listedLayer struct {
	LayerName, LayerArn   string
	LatestMatchingVersion layerVersion
}

type layersOutput struct {
	NextMarker string        `json:",omitempty"`
	Layers     []listedLayer `empty:"kept"`
}

type listLayersInput struct{ layerFilter }

// ListLayers lists the layers of the account.
func (a api) ListLayers(ctx context.Context, in *listLayersInput) (*layersOutput, error) {
	by := caller(ctx)
	all, err := a.Layers(by, in.keep)
	if err != nil {
		return nil, err
	}
	rows, next, err := catalog.Page(all, func(l *catalog.Layer) string { return l.Name }, wire.Val(in.Marker), limitOf(in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &layersOutput{NextMarker: next, Layers: []listedLayer{}}
	for _, l := range rows {
		at := catalog.LayerAddress{Place: by.Place, Name: l.Name}
		out.Layers = append(out.Layers, listedLayer{l.Name, catalog.LayerARN(by.Place, l.Name), layerVersionOf(l, at)})
	}
	return out, nil
}

type listLayerVersionsInput struct {
	layerFilter
	LayerName *string `rest:"label"`
}

type layerVersionsOutput struct {
	NextMarker    string         `json:",omitempty"`
	LayerVersions []layerVersion `empty:"kept"`
}

// ListLayerVersions lists the versions of a layer, the newest first.
func (a api) ListLayerVersions(ctx context.Context, in *listLayerVersionsInput) (*layerVersionsOutput, error) {
	by := caller(ctx)
	at, err := catalog.ParseLayer(by.Place, *in.LayerName)
	if err != nil {
		return nil, err
	}
	all, err := a.LayerVersions(by, at)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(l *catalog.Layer) bool { return !in.keep(l) })
	newest := func(l *catalog.Layer) string { return fmt.Sprintf("%010d", 9_999_999_999-l.Number) }
	rows, next, err := catalog.Page(all, newest, wire.Val(in.Marker), limitOf(in.MaxItems))
	if err != nil {
		return nil, err
	}
	out := &layerVersionsOutput{NextMarker: next, LayerVersions: []layerVersion{}}
	for _, l := range rows {
		out.LayerVersions = append(out.LayerVersions, layerVersionOf(l, at))
	}
	return out, nil
}
