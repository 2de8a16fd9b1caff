package catalog

import (
	"context"
	"maps"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// The bounds of tags.
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// withTags returns tags with others added to them.
func withTags(old, more map[string]string) (map[string]string, error) {
	tags := maps.Clone(old)
	if tags == nil {
		tags = map[string]string{}
	}
	for k, v := range more {
		if n := utf8.RuneCountInString(k); n < 1 || n > maxTagKey || utf8.RuneCountInString(v) > maxTagValue {
			return nil, fault.Invalid("Invalid tag: the key %.200q must have 1 to %d characters, and its value at most %d.", k, maxTagKey, maxTagValue)
		}
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return nil, fault.Invalid("Invalid tag key: aws: is reserved.")
		}
		tags[k] = v
	}
	if len(tags) > maxTags {
		return nil, fault.Limit("A resource has at most %d tags.", maxTags)
	}
	return tags, nil
}

// allowTags asks whether a caller may do something with the tags of what is at a path:
// AWS has the whole ARN be one part of the path of "/tags".
func (c *Catalog) allowTags(by access.Caller, method, path string) error {
	resource := arn.ARN{Partition: arn.Partition(by.Region), Service: "apigateway", Region: by.Region, Resource: path}
	return c.Allow(by, method, "/tags/"+url.QueryEscape(resource.String()))
}

// changeTags reads an ARN, and changes the tags of what it names. fn returns those that
// there shall be; nil changes nothing.
func (c *Catalog) changeTags(ctx context.Context, by access.Caller, method, name string, fn func(map[string]string) (map[string]string, error)) error {
	api, stage, err := c.tagged(by, method, name)
	if err != nil {
		return err
	}
	return c.opt.Store.Update(ctx, func(tx store.Tx) error {
		a := c.apis.In(tx).Find(key(by.Place, api))
		if a == nil {
			return noAPI(by, api)
		}
		if stage == "" {
			n := *a
			if n.Tags, err = fn(a.Tags); err != nil {
				return err
			}
			return keep(tx, c.apis, key(by.Place, api), &n)
		}
		s := c.stages.In(tx).Find(below(by.Place, api, stage))
		if s == nil {
			return errNoStage
		}
		n := *s
		if n.Tags, err = fn(s.Tags); err != nil {
			return err
		}
		return keep(tx, c.stages, below(by.Place, api, stage), &n)
	})
}

// tagged returns the API and the stage, "" for none, that an ARN names, if the caller may
// do something with the tags.
func (c *Catalog) tagged(by access.Caller, method, name string) (api, stage string, err error) {
	a, err := arn.Parse(name)
	if err != nil || a.Service != "apigateway" || a.Region != by.Region || a.Account != "" {
		return "", "", fault.Invalid("Invalid ARN specified in the request: %.300q is no ARN of this service in the region %s, such as arn:aws:apigateway:%s::/restapis/ID", name, by.Region, by.Region)
	}
	if err := c.allowTags(by, method, a.Resource); err != nil {
		return "", "", err
	}
	parts := strings.Split(a.Resource, "/")
	switch {
	case len(parts) == 3 && parts[1] == "restapis":
		return parts[2], "", nil
	case len(parts) == 5 && parts[1] == "restapis" && parts[3] == "stages":
		return parts[2], parts[4], nil
	}
	return "", "", fault.Invalid("Invalid ARN specified in the request: tags are offered for REST APIs and their stages.")
}

// Tag adds tags to what an ARN names.
func (c *Catalog) Tag(ctx context.Context, by access.Caller, name string, tags map[string]string) error {
	return c.changeTags(ctx, by, "PUT", name, func(old map[string]string) (map[string]string, error) { return withTags(old, tags) })
}

// Untag takes tags from what an ARN names.
func (c *Catalog) Untag(ctx context.Context, by access.Caller, name string, keys []string) error {
	return c.changeTags(ctx, by, "DELETE", name, func(old map[string]string) (map[string]string, error) {
		tags := maps.Clone(old)
		for _, k := range keys {
			delete(tags, k)
		}
		return tags, nil
	})
}

// Tags returns the tags of what an ARN names.
func (c *Catalog) Tags(by access.Caller, name string) (map[string]string, error) {
	api, stage, err := c.tagged(by, "GET", name)
	if err != nil {
		return nil, err
	}
	a, err := c.find(by, api)
	if err != nil {
		return nil, err
	}
	if stage == "" {
		return a.Tags, nil
	}
	if s := c.stages.Find(below(by.Place, api, stage)); s != nil {
		return s.Tags, nil
	}
	return nil, errNoStage
}
