package catalog

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Layer is a version of a layer, as it is stored.
type Layer struct {
	Name                    string
	Number                  int
	Description             string   `json:",omitempty"`
	License                 string   `json:",omitempty"`
	Runtimes, Architectures []string `json:",omitempty"`
	Code                    code.Ref
	// Created is in Unix milliseconds.
	Created int64
}

// A shelf is what stays of a layer when its versions are deleted: numbers are not given twice.
type shelf struct{ Next int }

// LayerARN is the ARN of a layer.
func LayerARN(at access.Place, name string) string {
	return at.ARN("lambda", "layer:"+name).String()
}

// LayerVersionARN is the ARN of a version of a layer.
func LayerVersionARN(at access.Place, name string, number int) string {
	return LayerARN(at, name) + ":" + strconv.Itoa(number)
}

func layerKey(at access.Place, name string, number int) table.Key {
	return table.Key{Place: at, Name: name + "/" + numbered(strconv.Itoa(number))}
}

// A LayerAddress is a version of a layer, or a layer when Number is 0.
type LayerAddress struct {
	access.Place
	Name   string
	Number int
}

// ParseLayer reads a layer as callers name it: by name or ARN, without a version.
func ParseLayer(by access.Place, text string) (LayerAddress, error) {
	if !arn.Is(text) {
		return LayerAddress{by, text, 0}, nil
	}
	return parseLayerARN(by, text, false)
}

// ParseLayerVersion reads the ARN of a version of a layer.
func ParseLayerVersion(by access.Place, text string) (LayerAddress, error) {
	return parseLayerARN(by, text, true)
}

func parseLayerARN(by access.Place, text string, version bool) (l LayerAddress, err error) {
	a, err := arn.Parse(text)
	kind, rest, _ := strings.Cut(a.Resource, ":")
	name, number, _ := strings.Cut(rest, ":")
	if version {
		l.Number, _ = strconv.Atoi(number)
	}
	if err != nil || a.Service != "lambda" || kind != "layer" || name == "" || !access.IsAccount(a.Account) || version == (l.Number < 1) || !version && number != "" {
		return l, fault.Invalid("%q is not the ARN of a layer's version; it should end with layer:NAME:NUMBER.", text)
	}
	if a.Region != by.Region {
		return l, fault.Invalid("Layers are not in the same region as the function. Layers are expected to be in region %s.", by.Region)
	}
	l.Place, l.Name = access.Place{Account: a.Account, Region: a.Region}, name
	return l, nil
}

// ownLayer asks whether a caller may do something with a layer. Those of another account
// are not for anybody: there are no policies of layers.
func (c *Catalog) ownLayer(by access.Caller, l LayerAddress, op string) error {
	resource := LayerARN(l.Place, l.Name)
	if l.Number > 0 {
		resource += ":" + strconv.Itoa(l.Number)
	}
	return c.opt.Guard.Allow(&access.Ask{Caller: by, Action: "lambda:" + op, Resource: resource, Owner: l.Account, OwnerOnly: true})
}

const maxLayersUsed = 5

// layersOf returns the layers that ARNs name, in their order.
func (c *Catalog) layersOf(by access.Caller, arns []string) ([]LayerUse, error) {
	if len(arns) > maxLayersUsed {
		return nil, fault.Invalid("Cannot reference more than %d layers.", maxLayersUsed)
	}
	var used []LayerUse
	seen := map[string]string{}
	for _, text := range arns {
		l, err := parseLayerARN(by.Place, text, true)
		if err != nil {
			return nil, err
		}
		if other, twice := seen[LayerARN(l.Place, l.Name)]; twice {
			return nil, fault.Invalid("Two different versions of the same layer are not allowed to be referenced in the same function. %s and %s are versions of the same layer.", other, text)
		}
		seen[LayerARN(l.Place, l.Name)] = text
		if err := c.ownLayer(by, l, "GetLayerVersion"); err != nil {
			return nil, err
		}
		found := c.layers.Find(layerKey(l.Place, l.Name, l.Number))
		if found == nil {
			return nil, fault.Invalid("Layer version %s does not exist.", text)
		}
		used = append(used, LayerUse{text, found.Code})
	}
	return used, nil
}

// PublishLayer makes a version of a layer.
func (c *Catalog) PublishLayer(ctx context.Context, by access.Caller, at LayerAddress, l Layer, zip []byte) (*Layer, error) {
	if err := c.ownLayer(by, at, "PublishLayerVersion"); err != nil {
		return nil, err
	}
	ref, release, err := c.add(ctx, by, zip)
	if err != nil {
		return nil, err
	}
	defer release()
	l.Name, l.Code, l.Created = at.Name, ref, millis()
	return &l, c.opt.Store.Update(ctx, func(tx store.Tx) error {
		key := table.Key{Place: at.Place, Name: l.Name}
		next := shelf{}
		if s := c.shelves.In(tx).Find(key); s != nil {
			next = *s
		}
		next.Next++
		l.Number = next.Next
		if err := c.shelves.In(tx).Put(key, &next); err != nil {
			return err
		}
		return c.layers.In(tx).Create(layerKey(at.Place, l.Name, l.Number), &l)
	})
}

// Layer returns a version of a layer.
func (c *Catalog) Layer(by access.Caller, l LayerAddress) (*Layer, error) {
	if err := c.ownLayer(by, l, "GetLayerVersion"); err != nil {
		return nil, err
	}
	if found := c.layers.Find(layerKey(l.Place, l.Name, l.Number)); found != nil {
		return found, nil
	}
	return nil, fault.NotFound("The resource you requested does not exist.")
}

// DeleteLayer deletes a version of a layer; functions that have it keep it. One that is
// not there is no error, as at AWS.
func (c *Catalog) DeleteLayer(ctx context.Context, by access.Caller, l LayerAddress) error {
	if err := c.ownLayer(by, l, "DeleteLayerVersion"); err != nil {
		return err
	}
	var gone *Layer
	err := c.opt.Store.Update(ctx, func(tx store.Tx) (err error) {
		if key := layerKey(l.Place, l.Name, l.Number); c.layers.In(tx).Find(key) != nil {
			gone, err = c.layers.In(tx).Delete(key)
		}
		return err
	}, store.Draining)
	if gone != nil {
		c.drop(ctx, gone.Code.Hash)
	}
	return err
}

// LayerVersions returns the versions of a layer, the newest first.
func (c *Catalog) LayerVersions(by access.Caller, l LayerAddress) ([]*Layer, error) {
	if err := c.ownLayer(by, l, "ListLayerVersions"); err != nil {
		return nil, err
	}
	rows := slices.Collect(c.layers.Each(l.Place, l.Name+"/"))
	slices.Reverse(rows)
	return rows, nil
}

// Layers returns of each layer of the caller the newest version that keep wants, by name.
func (c *Catalog) Layers(by access.Caller, keep func(*Layer) bool) ([]*Layer, error) {
	if err := c.MaySee(by, "ListLayers"); err != nil {
		return nil, err
	}
	var rows []*Layer
	for l := range c.layers.Each(by.Place, "") {
		if !keep(l) {
			continue
		}
		if n := len(rows); n > 0 && rows[n-1].Name == l.Name {
			rows[n-1] = l
		} else {
			rows = append(rows, l)
		}
	}
	return rows, nil
}
