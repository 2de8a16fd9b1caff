package sqs

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/wire"
)

// An attribute is one attribute of a queue: how its value is read, "" for none,
// and how it is set, nil for one that cannot be.
type attribute struct {
	name string
	fifo bool // only FIFO queues have it
	// truth says that it is true or false, which may begin with a capital: Python
	// and CDK write True.
	truth bool
	get   func(*queue.Info) string
	set   func(*queue.Settings, string) error
}

// attributes are all of them, in the order in which they are set.
var attributes = []attribute{
	{name: "QueueArn", get: func(i *queue.Info) string { return i.ARN() }},
	{name: "ApproximateNumberOfMessages", get: func(i *queue.Info) string { return strconv.Itoa(i.Visible) }},
	{name: "ApproximateNumberOfMessagesNotVisible", get: func(i *queue.Info) string { return strconv.Itoa(i.Hidden) }},
	{name: "ApproximateNumberOfMessagesDelayed", get: func(i *queue.Info) string { return strconv.Itoa(i.Delayed) }},
	{name: "CreatedTimestamp", get: func(i *queue.Info) string { return unix(i.Created) }},
	{name: "LastModifiedTimestamp", get: func(i *queue.Info) string { return unix(i.Modified) }},
	seconds("VisibilityTimeout", 0, queue.MaxVisibility, func(s *queue.Settings) *time.Duration { return &s.Visibility }),
	{name: "MaximumMessageSize", get: func(i *queue.Info) string { return strconv.Itoa(i.MaxSize) }, set: setMaxSize},
	seconds("MessageRetentionPeriod", time.Minute, 14*24*time.Hour, func(s *queue.Settings) *time.Duration { return &s.Retention }),
	seconds("DelaySeconds", 0, queue.MaxDelay, func(s *queue.Settings) *time.Duration { return &s.Delay }),
	seconds("ReceiveMessageWaitTimeSeconds", 0, maxWait, func(s *queue.Settings) *time.Duration { return &s.Wait }),
	{name: "Policy", get: func(i *queue.Info) string { return i.Policy }, set: func(s *queue.Settings, v string) error { s.Policy = v; return nil }},
	{name: "RedrivePolicy", get: func(i *queue.Info) string { return printRedrive(i.Redrive) }, set: setRedrive},
	{name: "RedriveAllowPolicy", get: func(i *queue.Info) string { return printAllow(i.RedriveAllow) }, set: setAllow},
	{name: "KmsMasterKeyId", get: func(i *queue.Info) string { return i.Key }, set: setKey},
	{name: "KmsDataKeyReusePeriodSeconds", get: getKeyReuse, set: setKeyReuse},
	{name: "SqsManagedSseEnabled", truth: true, get: func(i *queue.Info) string { return strconv.FormatBool(i.Encrypted) }, set: setEncrypted},
	{name: "FifoQueue", fifo: true, truth: true, get: func(*queue.Info) string { return "true" }, set: setFIFO},
	flag("ContentBasedDeduplication", func(s *queue.Settings) *bool { return &s.ContentDedup }, "false", "true"),
	flag("DeduplicationScope", func(s *queue.Settings) *bool { return &s.GroupDedup }, "queue", "messageGroup"),
	flag("FifoThroughputLimit", func(s *queue.Settings) *bool { return &s.GroupThroughput }, "perQueue", "perMessageGroupId"),
}

// seconds makes the attribute of a duration.
func seconds(name string, from, to time.Duration, of func(*queue.Settings) *time.Duration) attribute {
	return attribute{
		name: name,
		get:  func(i *queue.Info) string { return strconv.Itoa(int(*of(&i.Settings) / time.Second)) },
		set: func(s *queue.Settings, v string) error {
			n, err := strconv.Atoi(v)
			if d := time.Duration(n) * time.Second; err == nil && n >= 0 && n <= 1e9 && d >= from && d <= to {
				*of(s) = d
				return nil
			}
			return badValue(name)
		},
	}
}

// flag makes the attribute of a FIFO queue that is one of two words.
func flag(name string, of func(*queue.Settings) *bool, no, yes string) attribute {
	return attribute{
		name: name, fifo: true, truth: yes == "true",
		get: func(i *queue.Info) string {
			if *of(&i.Settings) {
				return yes
			}
			return no
		},
		set: func(s *queue.Settings, v string) error {
			if v != no && v != yes {
				return badValue(name)
			}
			*of(s) = v == yes
			return nil
		},
	}
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

func badValue(name string) error {
	return fault.Invalid("Invalid value for the parameter %s.", name).WithCode(queue.CodeAttributeValue)
}

func unknownAttribute(name string) error {
	return fault.Invalid("Unknown Attribute %s.", name).WithCode(queue.CodeAttributeName)
}

func setMaxSize(s *queue.Settings, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1024 || n > 1<<20 {
		return badValue("MaximumMessageSize")
	}
	s.MaxSize = n
	return nil
}

func setKey(s *queue.Settings, v string) error {
	s.Key = v
	s.Encrypted = s.Encrypted && v == ""
	return nil
}

func getKeyReuse(i *queue.Info) string {
	if i.Key == "" {
		return ""
	}
	return strconv.Itoa(int(i.KeyReuse / time.Second))
}

func setKeyReuse(s *queue.Settings, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 60 || n > 86_400 {
		return badValue("KmsDataKeyReusePeriodSeconds")
	}
	s.KeyReuse = time.Duration(n) * time.Second
	return nil
}

func setEncrypted(s *queue.Settings, v string) error {
	if v != "true" && v != "false" {
		return badValue("SqsManagedSseEnabled")
	}
	if v == "true" && s.Key != "" {
		return fault.Invalid("You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.").WithCode(queue.CodeAttributeName)
	}
	s.Encrypted = v == "true"
	return nil
}

func setFIFO(_ *queue.Settings, v string) error {
	if v != "true" {
		return fault.Invalid("Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.").WithCode(queue.CodeAttributeValue)
	}
	return nil
}

// setAttributes changes s by the attributes that are given.
func setAttributes(s *queue.Settings, fifo bool, given map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch known := findAttribute(name); {
		case known == nil || known.set == nil || known.fifo && known.truth && !fifo:
			return unknownAttribute(name)
		case known.fifo && !fifo: // of these two, AWS says why
			return fault.Invalid("You can specify the %s only when FifoQueue is set to true.", name).WithCode(queue.CodeAttributeName)
		}
	}
	for i := range attributes {
		known := &attributes[i]
		v, ok := given[known.name]
		if !ok {
			continue
		}
		if known.truth {
			v = strings.ToLower(v)
		}
		if err := known.set(s, v); err != nil {
			return err
		}
	}
	return nil
}

func findAttribute(name string) *attribute {
	for i := range attributes {
		if attributes[i].name == name {
			return &attributes[i]
		}
	}
	return nil
}

// agreeOn returns a fault when an attribute that is given makes a difference
// between what is asked for and what there is.
func agreeOn(given map[string]string, at queue.Address, want, have *queue.Settings) error {
	asked, is := queue.Info{Address: at, Settings: *want}, queue.Info{Address: at, Settings: *have}
	for _, known := range attributes {
		if _, ok := given[known.name]; ok && known.get(&asked) != known.get(&is) {
			return fault.Conflict("A queue already exists with the same name and a different value for attribute %s", known.name)
		}
	}
	return nil
}

type getQueueAttributesRequest struct {
	QueueUrl       *string  `query:"QueueUrl,url"`
	AttributeNames []string `query:"AttributeName,flat"`
}

type getQueueAttributesResult struct {
	Attributes map[string]string `json:",omitempty" query:"Attribute,flat,key=Name,value=Value"`
}

// GetQueueAttributes returns the attributes that are named, or All.
func (a api) GetQueueAttributes(ctx context.Context, in *getQueueAttributesRequest) (*getQueueAttributesResult, error) {
	at, err := a.at(ctx, in.QueueUrl, "GetQueueAttributes")
	if err != nil {
		return nil, err
	}
	info, err := a.Info(at)
	if err != nil {
		return nil, err
	}
	out := &getQueueAttributesResult{Attributes: map[string]string{}}
	add := func(known *attribute) {
		if v := known.get(&info); v != "" && (!known.fifo || at.FIFO()) {
			out.Attributes[known.name] = v
		}
	}
	for _, name := range in.AttributeNames {
		if name == "All" {
			for i := range attributes {
				add(&attributes[i])
			}
		} else if known := findAttribute(name); known != nil {
			add(known)
		} else {
			return nil, unknownAttribute(name)
		}
	}
	return out, nil
}

type setQueueAttributesRequest struct {
	QueueUrl   *string           `query:"QueueUrl,url"`
	Attributes map[string]string `query:"Attribute,flat,key=Name,value=Value"`
}

// SetQueueAttributes changes attributes. An empty Policy, RedrivePolicy,
// RedriveAllowPolicy or KmsMasterKeyId removes it.
func (a api) SetQueueAttributes(ctx context.Context, in *setQueueAttributesRequest) (*wire.None, error) {
	at, err := a.at(ctx, in.QueueUrl, "SetQueueAttributes")
	if err != nil {
		return nil, err
	}
	if len(in.Attributes) == 0 {
		return nil, wants("Attribute.Name")
	}
	return &wire.None{}, a.Configure(ctx, at, func(s *queue.Settings) error { return setAttributes(s, at.FIFO(), in.Attributes) })
}
