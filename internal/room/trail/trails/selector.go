package trails

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
)

// A Basic selector lets management events through. The resources whose data events
// it asks for are of kinds that the house does not have; they are kept.
type Basic struct {
	// Type is All, ReadOnly or WriteOnly.
	Type string
	// Management says whether management events are let through at all, but for those
	// of the sources in Except.
	Management bool
	Except     []string   `json:",omitempty"`
	Data       []Resource `json:",omitempty"`
}

// A Resource is what a basic selector asks for data events of.
type Resource struct {
	Type   string
	Values []string `json:",omitempty"`
}

// An Advanced selector lets through what all of its conditions hold of.
type Advanced struct {
	Name       string `json:",omitempty"`
	Conditions []Condition
}

// A Condition holds of an event when its field satisfies each of the lists that are
// not empty: one of the positive ones' values, none of the negative ones'.
type Condition struct {
	Field                            string
	Equals, StartsWith, EndsWith     []string `json:",omitempty"`
	NotEquals, NotStarts, NotEndWith []string `json:",omitempty"`
}

// The bounds of selectors.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
const (
	maxBasic     = 5
	maxResources = 250
	maxValues    = 500
	maxExcepted  = 50 // AWS knows two that may be left out, and bounds their number in no way
)

// An Event is what selectors look at.
type Event struct {
	// Data events are about what is in a resource, all others are management events.
	Data, ReadOnly bool
	// Source is such as "sqs.amazonaws.com", and Name the operation.
	Source, Name string
	// Kind is the kind of the resources, such as "AWS::SQS::Queue", and Resources
	// their ARNs; of data events only.
	Kind      string
	Resources []string
	// Identity is the ARN of who called.
	Identity string
}

// The categories of events.
const (
	management = "Management"
	data       = "Data"
)

// wants says whether the selector lets an event through.
func (s *Basic) wants(e *Event) bool {
	return !e.Data && s.Management && !slices.Contains(s.Except, e.Source) &&
		(s.Type == "All" || (s.Type == "ReadOnly") == e.ReadOnly)
}

// wants says whether the selector lets an event through.
func (s *Advanced) wants(e *Event) bool {
	for i := range s.Conditions {
		if !s.Conditions[i].holds(e) {
			return false
		}
	}
	return true
}

// isData says whether the selector asks for data events.
func (s *Advanced) isData() bool {
	return slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		return c.Field == "eventCategory" && slices.Contains(c.Equals, data)
	})
}

func (c *Condition) holds(e *Event) bool {
	if c.Field == "resources.ARN" {
		return c.holdsOfResources(e.Resources)
	}
	return c.of(e.value(c.Field))
}

// holdsOfResources says whether one of the resources satisfies the condition, as all
// of them must a negative one.
func (c *Condition) holdsOfResources(arns []string) bool {
	if len(c.NotEquals)+len(c.NotStarts)+len(c.NotEndWith) > 0 {
		return !slices.ContainsFunc(arns, func(a string) bool { return !c.of(a) })
	}
	return slices.ContainsFunc(arns, c.of)
}

// of says whether a value satisfies the condition.
func (c *Condition) of(value string) bool {
	is := func(v string) bool { return value == v }
	starts := func(v string) bool { return strings.HasPrefix(value, v) }
	ends := func(v string) bool { return strings.HasSuffix(value, v) }
	for _, one := range []struct {
		values []string
		test   func(string) bool
		want   bool
	}{
		{c.Equals, is, true},
		{c.StartsWith, starts, true},
		{c.EndsWith, ends, true},
		{c.NotEquals, is, false},
		{c.NotStarts, starts, false},
		{c.NotEndWith, ends, false},
	} {
		if len(one.values) > 0 && slices.ContainsFunc(one.values, one.test) != one.want {
			return false
		}
	}
	return true
}

// value is a field of an event as conditions see it.
func (e *Event) value(field string) string {
	switch field {
	case "eventCategory":
		if e.Data {
			return data
		}
		return management
	case "readOnly":
		if e.ReadOnly {
			return "true"
		}
		return "false"
	case "eventSource":
		return e.Source
	case "eventName":
		return e.Name
	case "resources.type":
		return e.Kind
	case "userIdentity.arn":
		return e.Identity
	case "eventType":
		return "AwsApiCall"
	}
	return "false" // sessionCredentialFromConsole: nobody has credentials from a console
}

func badSelectors(format string, args ...any) error {
	return fault.Invalid(format, args...).WithCode("InvalidEventSelectorsException")
}

// fields are those that conditions may be about, by the category.
var fields = map[string][]string{
	management: {"eventCategory", "eventSource", "readOnly"},
	data:       {"eventCategory", "eventName", "eventSource", "eventType", "readOnly", "resources.ARN", "resources.type", "sessionCredentialFromConsole", "userIdentity.arn"},
}

var kind = regexp.MustCompile(`^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$`)

// CheckSelectors says what is wrong with selectors.
func CheckSelectors(basic []Basic, advanced []Advanced) error {
	switch {
	case len(basic) > 0 && len(advanced) > 0:
		return badSelectors("A trail has either EventSelectors or AdvancedEventSelectors, not both.")
	case len(basic)+len(advanced) == 0:
		return badSelectors("EventSelectors and AdvancedEventSelectors are both empty. Give one of them.")
	case len(basic) > maxBasic:
		return badSelectors("A trail has up to %d event selectors.", maxBasic)
	}
	resources, values, excepted := 0, 0, 0
	for _, s := range basic {
		for _, r := range s.Data {
			if !slices.Contains([]string{"AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"}, r.Type) {
				return badSelectors("Value %s for DataResources.Type is invalid: basic selectors know AWS::S3::Object, AWS::Lambda::Function and AWS::DynamoDB::Table. Ask for all others with AdvancedEventSelectors.", r.Type)
			}
			resources += max(len(r.Values), 1)
		}
		excepted += len(s.Except)
	}
	if resources > maxResources {
		return badSelectors("A trail has up to %d data resources in its event selectors.", maxResources)
	}
	if excepted > maxExcepted {
		return badSelectors("A trail leaves out the management events of up to %d sources in its event selectors.", maxExcepted)
	}
	for i := range advanced {
		n, err := advanced[i].check()
		if err != nil {
			return err
		}
		values += n
	}
	if values > maxValues {
		return badSelectors("A trail has up to %d values in its advanced event selectors.", maxValues)
	}
	return nil
}

// check says what is wrong with a selector, and how many values it has.
func (s *Advanced) check() (values int, err error) {
	category := s.only("eventCategory")
	switch allowed := fields[category]; {
	case allowed == nil:
		return 0, badSelectors("An advanced event selector needs the field eventCategory with one value of Equals, which is Management or Data.")
	case category == data && !kind.MatchString(s.only("resources.type")):
		return 0, badSelectors("An advanced event selector for data events needs the field resources.type with one value of Equals, such as AWS::SQS::Queue.")
	}
	seen := map[string]bool{}
	for i := range s.Conditions {
		c := &s.Conditions[i]
		n := len(c.Equals) + len(c.StartsWith) + len(c.EndsWith) + len(c.NotEquals) + len(c.NotStarts) + len(c.NotEndWith)
		switch {
		case !slices.Contains(fields[category], c.Field):
			return 0, badSelectors("Field %s is not supported for the event category %s, which has %s.", c.Field, category, strings.Join(fields[category], ", "))
		case seen[c.Field]:
			return 0, badSelectors("Field %s stands twice in an advanced event selector.", c.Field)
		case n == 0:
			return 0, badSelectors("Field %s has no operator with a value.", c.Field)
		case c.Field == "readOnly" && !slices.Contains([]string{"true", "false"}, s.only("readOnly")):
			return 0, badSelectors("Field readOnly takes one value of Equals, which is true or false.")
		}
		seen[c.Field] = true
		values += n
	}
	return values, nil
}

// only returns the one value that a field must equal, "" when there is another
// condition on it.
func (s *Advanced) only(field string) string {
	for _, c := range s.Conditions {
		if c.Field == field && len(c.Equals) == 1 && len(c.StartsWith)+len(c.EndsWith)+len(c.NotEquals)+len(c.NotStarts)+len(c.NotEndWith) == 0 {
			return c.Equals[0]
		}
	}
	return ""
}
