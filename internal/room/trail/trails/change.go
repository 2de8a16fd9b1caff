package trails

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// Create makes a trail at home where the caller is. It does not log yet.
func (b *Book) Create(ctx context.Context, by access.Caller, t Trail) (*Trail, error) {
	if err := checkName(t.Name); err != nil {
		return nil, err
	}
	if err := b.allow(by, "CreateTrail", by.Place, t.Name); err != nil {
		return nil, err
	}
	if len(t.Tags) > 0 {
		if err := b.allow(by, "AddTags", by.Place, t.Name); err != nil {
			return nil, err
		}
	}
	t.Home = by.Place
	var err error
	if t.Tags, err = withTags(nil, t.Tags); err != nil {
		return nil, err
	}
	if err := b.check(by, &t); err != nil {
		return nil, err
	}
	return &t, b.update(ctx, func(tx store.Tx) error {
		w, k := b.trails.In(tx), table.Key{Place: t.Home, Name: t.Name}
		if w.Find(k) != nil {
			return fault.Conflict("Trail %s already exists for customer: %s", t.Name, by.Account).WithCode("TrailAlreadyExistsException")
		}
		if err := b.fits(&t); err != nil {
			return err
		}
		return w.Put(k, &t)
	})
}

// Change makes of a trail what fn makes of it, by an action, in its home region. What
// hangs on the trail must be replaced rather than changed.
func (b *Book) Change(ctx context.Context, by access.Caller, action, id string, fn func(*Trail) error) (*Trail, error) {
	t, err := b.atHome(by, action, id)
	if err != nil {
		return nil, err
	}
	now := *t
	if err := fn(&now); err != nil {
		return nil, err
	}
	if now.Group != t.Group || now.Role != t.Role || now.Everywhere != t.Everywhere || now.Global != t.Global {
		if err := b.check(by, &now); err != nil {
			return nil, err
		}
	}
	return &now, b.update(ctx, func(tx store.Tx) error {
		w, k := b.trails.In(tx), table.Key{Place: t.Home, Name: t.Name}
		switch w.Find(k) {
		case nil:
			return unknown(t.Home, t.Name)
		case t:
			if now.Everywhere && !t.Everywhere {
				if err := b.fits(&now); err != nil {
					return err
				}
			}
			return w.Put(k, &now)
		}
		return fault.Conflict("The trail %s is being changed by somebody else. Try again.", t.Name).WithCode("ConflictException")
	})
}

// atHome returns a trail that the caller may change where it is.
func (b *Book) atHome(by access.Caller, action, id string) (*Trail, error) {
	t, err := b.Get(by, action, id)
	if err == nil && t.Home != by.Place {
		return nil, fault.Invalid("The trail %s is at home in %s. Call there to change it.", t.ARN(), t.Home.Region).WithCode("InvalidHomeRegionException")
	}
	return t, err
}

// Log has a trail begin to log, or stop.
func (b *Book) Log(ctx context.Context, by access.Caller, id string, on bool) error {
	action := "StopLogging"
	if on {
		action = "StartLogging"
	}
	_, err := b.Change(ctx, by, action, id, func(t *Trail) error {
		if t.Logging == on {
			return nil
		}
		t.Logging = on
		if now := time.Now().UnixMilli(); on {
			t.Started = now
		} else {
			t.Stopped = now
		}
		return nil
	})
	return err
}

// Delete deletes a trail.
func (b *Book) Delete(ctx context.Context, by access.Caller, id string) error {
	t, err := b.atHome(by, "DeleteTrail", id)
	if err != nil {
		return err
	}
	return b.update(ctx, func(tx store.Tx) error {
		k := table.Key{Place: t.Home, Name: t.Name}
		w, d := b.trails.In(tx), b.deliveries.In(tx)
		if w.Find(k) == nil {
			return unknown(t.Home, t.Name)
		}
		if d.Find(k) != nil {
			if _, err := d.Delete(k); err != nil {
				return err
			}
		}
		_, err := w.Delete(k)
		return err
	}, store.Draining)
}

// fits says whether there may be another trail. As at AWS, one of all regions counts in
// each: an account has no more than a few that look at a call.
func (b *Book) fits(t *Trail) error {
	n := 0
	for other := range b.trails.All() {
		if other.Home.Account == t.Home.Account && (other.Home != t.Home || other.Name != t.Name) && (other.Home == t.Home || other.Everywhere) {
			n++
		}
	}
	if n >= Max {
		return fault.Limit("User: %s already has %d trails in %s.", t.Home.Account, Max, t.Home.Region).WithCode("MaximumNumberOfTrailsExceededException")
	}
	return nil
}

// update changes trails and who wants what together.
func (b *Book) update(ctx context.Context, fn func(store.Tx) error, opts ...store.Option) error {
	return b.opt.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		tx.OnEnd(func(kept bool) {
			if kept {
				b.compile()
			}
		})
		return nil
	}, opts...)
}

// check says what is wrong with a trail as a whole. The log group is tried, with the
// role, as AWS tries it.
func (b *Book) check(by access.Caller, t *Trail) error {
	if t.Everywhere && !t.Global {
		return fault.Invalid("Multi-Region trail must include global service events.").WithCode("InvalidParameterCombinationException")
	}
	switch {
	case t.Group == "" && t.Role == "":
		return nil
	case t.Role == "":
		return badRole("You must specify a role ARN as well as a log group.")
	case t.Group == "":
		return badGroup("You must specify a log group ARN as well as a role ARN.")
	}
	if a, err := arn.Parse(t.Role); err != nil || a.Service != "iam" || a.Account != t.Home.Account || !strings.HasPrefix(a.Resource, "role/") {
		return badRole("CloudTrail cannot validate the specified role ARN.")
	}
	if a, err := arn.Parse(t.Group); err != nil || a.Service != "logs" || a.Region != t.Home.Region || a.Account != t.Home.Account || !strings.HasPrefix(a.Resource, "log-group:") {
		return badGroup("CloudTrail cannot validate the specified log group ARN.")
	}
	pass := access.Own(by, "iam:PassRole", t.Role)
	pass.Keys = map[string][]string{"iam:PassedToService": {Service}}
	if err := b.opt.Guard.Allow(pass); err != nil {
		return err
	}
	as, err := b.opt.Act(t.ARN(), t.Role)
	if fault.KindOf(err) == fault.KindDenied {
		return badRole("Access denied. Check the trust relationships for your role.")
	}
	if err != nil {
		return err
	}
	switch err := b.opt.Writes(as, t.Group, t.Stream(t.Home.Region)); fault.KindOf(err) {
	case fault.KindDenied:
		return badGroup("Access denied. Verify in IAM that the role has adequate permissions.")
	case fault.KindNotFound, fault.KindInvalid:
		return badGroup("CloudTrail cannot validate the specified log group ARN.")
	default:
		return err
	}
}

// Service is the name under which CloudTrail acts.
const Service = "cloudtrail.amazonaws.com"

func badRole(text string) error {
	return fault.Invalid("%s", text).WithCode("InvalidCloudWatchLogsRoleArnException")
}

func badGroup(text string) error {
	return fault.Invalid("%s", text).WithCode("InvalidCloudWatchLogsLogGroupArnException")
}

// Stream is the stream of the trail's log group that has what happened in a region.
func (t *Trail) Stream(region string) string { return t.Home.Account + "_CloudTrail_" + region }

// Tag gives tags to a trail, by its ARN.
func (b *Book) Tag(ctx context.Context, by access.Caller, id string, tags []Tag) error {
	return b.changeTags(ctx, by, "AddTags", id, func(old []Tag) ([]Tag, error) { return withTags(old, tags) })
}

// Untag takes tags of these keys from a trail.
func (b *Book) Untag(ctx context.Context, by access.Caller, id string, tags []Tag) error {
	return b.changeTags(ctx, by, "RemoveTags", id, func(old []Tag) ([]Tag, error) { return without(old, tags), nil })
}

func (b *Book) changeTags(ctx context.Context, by access.Caller, action, id string, fn func([]Tag) ([]Tag, error)) error {
	if err := isARN(id); err != nil {
		return err
	}
	_, err := b.Change(ctx, by, action, id, func(t *Trail) (err error) {
		t.Tags, err = fn(t.Tags)
		return err
	})
	return asResource(err)
}

// Tags returns the tags of a trail, by its ARN.
func (b *Book) Tags(by access.Caller, id string) ([]Tag, error) {
	if err := isARN(id); err != nil {
		return nil, err
	}
	t, err := b.Get(by, "ListTags", id)
	if err != nil {
		return nil, asResource(err)
	}
	return t.Tags, nil
}

// isARN refuses names: only ARNs have tags.
func isARN(id string) error {
	if !arn.Is(id) {
		return fault.Invalid("%.300s is not the ARN of a trail. The form is arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME.", id).WithCode("CloudTrailARNInvalidException")
	}
	return nil
}

// asResource calls a trail that is not there what the operations on tags call it.
func asResource(err error) error {
	if fault.KindOf(err) == fault.KindNotFound {
		return fault.NotFound("%s", err.Error()).WithCode("ResourceNotFoundException")
	}
	return err
}

// without returns tags without those that have the keys of others.
func without(old, gone []Tag) []Tag {
	return slices.DeleteFunc(slices.Clone(old), func(t Tag) bool {
		return slices.ContainsFunc(gone, func(g Tag) bool { return g.Key == t.Key })
	})
}

// withTags returns tags with others added or changed.
func withTags(old, set []Tag) ([]Tag, error) {
	seen := map[string]bool{}
	for _, t := range set {
		if seen[t.Key] || strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, fault.Invalid("The tag key %s is given twice, or begins with aws:, which is reserved.", t.Key).WithCode("InvalidTagParameterException")
		}
		seen[t.Key] = true
	}
	all := append(without(old, set), set...)
	if len(all) > MaxTags {
		return nil, fault.Limit("The trail would have %d tags; it may have %d.", len(all), MaxTags).WithCode("TagsLimitExceededException")
	}
	return all, nil
}
