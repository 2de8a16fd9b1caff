package sqs

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/page"
	"github.com/dari-bus/dari/internal/room/queue"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) queues() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateQueue", a.CreateQueue).AtRoot(),
		wire.Op("DeleteQueue", a.DeleteQueue),
		wire.Op("GetQueueAttributes", a.GetQueueAttributes).Reads().OnData(),
		wire.Op("GetQueueUrl", a.GetQueueUrl).Reads().OnData(),
		wire.Op("ListQueueTags", a.ListQueueTags).Reads().OnData(),
		wire.Op("ListQueues", a.ListQueues).AtRoot().Reads().OnData(),
		wire.Op("PurgeQueue", a.PurgeQueue),
		wire.Op("SetQueueAttributes", a.SetQueueAttributes),
		wire.Op("TagQueue", a.TagQueue),
		wire.Op("UntagQueue", a.UntagQueue),
	}
}

type queueRequest struct {
	QueueUrl *string `query:"QueueUrl,url"`
}

type queueURL struct{ QueueUrl string }

type createQueueRequest struct {
	QueueName  *string
	Attributes map[string]string `query:"Attribute,flat,key=Name,value=Value"`
	Tags       map[string]string `json:"tags" query:"Tag,flat,key=Key,value=Value"`
}

// CreateQueue makes a queue. For one that exists it succeeds if the attributes
// that are given are those of the queue.
func (a api) CreateQueue(ctx context.Context, in *createQueueRequest) (*queueURL, error) {
	caller := wire.CallerFrom(ctx)
	at := queue.Address{Place: caller.Place, Name: wire.Val(in.QueueName)}
	if err := a.AllowOwn(caller.Caller, "CreateQueue", at.ARN()); err != nil {
		return nil, err
	}
	if err := checkName(at, strings.ToLower(in.Attributes["FifoQueue"])); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	settings := queue.DefaultSettings()
	if err := setAttributes(&settings, at.FIFO(), in.Attributes); err != nil {
		return nil, err
	}
	agree := func(have queue.Settings) error { return agreeOn(in.Attributes, at, &settings, &have) }
	if err := a.Create(ctx, at, settings, in.Tags, agree); err != nil {
		return nil, err
	}
	return &queueURL{urlOf(ctx, at)}, nil
}

// checkName refuses names that no queue can have. fifo is what the request says
// of its type.
func checkName(at queue.Address, fifo string) error {
	if at.Name == "" {
		return wants("QueueName")
	}
	name, has := strings.CutSuffix(at.Name, ".fifo")
	if fifo == "true" && !has || has && (fifo != "true" || !word(name, 75)) {
		return fault.Invalid("The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.")
	}
	if !has && !word(name, 80) {
		return fault.Invalid("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return nil
}

// word says whether s is at most max letters, digits, hyphens and underscores,
// and at least one.
func word(s string, max int) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return s != "" && len(s) <= max
}

// DeleteQueue removes a queue and its messages at once.
func (a api) DeleteQueue(ctx context.Context, in *queueRequest) (*wire.None, error) {
	at, err := a.at(ctx, in.QueueUrl, "DeleteQueue")
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Delete(ctx, at)
}

type getQueueUrlRequest struct {
	QueueName              *string
	QueueOwnerAWSAccountId *string
}

// GetQueueUrl returns the URL of a queue by its name.
func (a api) GetQueueUrl(ctx context.Context, in *getQueueUrlRequest) (*queueURL, error) {
	if wire.Val(in.QueueName) == "" {
		return nil, fault.Invalid("Value for parameter QueueName is invalid. Reason: Must specify a queue name.")
	}
	caller := wire.CallerFrom(ctx)
	at := queue.Address{Place: caller.Place, Name: *in.QueueName}
	if owner := wire.Val(in.QueueOwnerAWSAccountId); owner != "" {
		at.Account = owner
	}
	if err := a.Allow(caller.Caller, at, "GetQueueUrl"); err != nil {
		return nil, err
	}
	if _, err := a.Settings(at); err != nil {
		return nil, err
	}
	return &queueURL{urlOf(ctx, at)}, nil
}

type listQueuesRequest struct {
	QueueNamePrefix *string
	NextToken       *string
	MaxResults      *int
}

type listQueuesResult struct {
	QueueUrls []string `json:",omitempty" query:"QueueUrl,flat,json=queueUrls"`
	NextToken string   `json:",omitempty"`
}

// ListQueues returns the URLs of the caller's queues in the order of their
// names. There is a next page only for callers who set MaxResults.
func (a api) ListQueues(ctx context.Context, in *listQueuesRequest) (*listQueuesResult, error) {
	caller := wire.CallerFrom(ctx)
	if err := a.AllowOwn(caller.Caller, "ListQueues", "*"); err != nil {
		return nil, err
	}
	all := a.List(caller.Place, wire.Val(in.QueueNamePrefix))
	urls, next, err := urlPage(ctx, all, in.NextToken, in.MaxResults)
	return &listQueuesResult{QueueUrls: urls, NextToken: next}, err
}

// maxList is the most queues in one answer.
const maxList = 1000

func urlPage(ctx context.Context, all []queue.Address, token *string, limit *int) (urls []string, next string, err error) {
	if limit != nil && (*limit < 1 || *limit > maxList) {
		return nil, "", fault.Invalid("Value %d for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and %d.", *limit, maxList)
	}
	size := maxList
	if limit != nil {
		size = *limit
	}
	rows, next, err := page.Clip(all, func(at queue.Address) string { return at.Name }, wire.Val(token), size)
	if err != nil {
		return nil, "", err
	}
	for _, at := range rows {
		urls = append(urls, urlOf(ctx, at))
	}
	if limit == nil {
		next = ""
	}
	return urls, next, nil
}

// PurgeQueue removes all messages of a queue at once.
func (a api) PurgeQueue(ctx context.Context, in *queueRequest) (*wire.None, error) {
	at, err := a.at(ctx, in.QueueUrl, "PurgeQueue")
	if err != nil {
		return nil, err
	}
	return &wire.None{}, a.Purge(ctx, at)
}

type tagQueueRequest struct {
	QueueUrl *string           `query:"QueueUrl,url"`
	Tags     map[string]string `query:"Tag,flat,key=Key,value=Value"`
}

// TagQueue sets tags.
func (a api) TagQueue(ctx context.Context, in *tagQueueRequest) (*wire.None, error) {
	at, err := a.at(ctx, in.QueueUrl, "TagQueue")
	if err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, wants("Tags")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	return &wire.None{}, a.Tag(ctx, at, in.Tags)
}

func checkTags(tags map[string]string) error {
	for key, value := range tags {
		switch {
		case key == "" || utf8.RuneCountInString(key) > 128:
			return fault.Invalid("Tag keys must be between 1 and 128 characters in length.")
		case utf8.RuneCountInString(value) > 256:
			return fault.Invalid("Tag values must be between 0 and 256 characters in length; that of %s is longer.", key)
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return fault.Invalid("The tag key %s begins with aws:, which is reserved.", key)
		}
	}
	return nil
}

type untagQueueRequest struct {
	QueueUrl *string  `query:"QueueUrl,url"`
	TagKeys  []string `query:"TagKey,flat"`
}

// UntagQueue removes tags.
func (a api) UntagQueue(ctx context.Context, in *untagQueueRequest) (*wire.None, error) {
	at, err := a.at(ctx, in.QueueUrl, "UntagQueue")
	if err != nil {
		return nil, err
	}
	if len(in.TagKeys) == 0 {
		return nil, wants("TagKeys")
	}
	return &wire.None{}, a.Untag(ctx, at, in.TagKeys)
}

type listQueueTagsResult struct {
	Tags map[string]string `json:",omitempty" query:"Tag,flat,key=Key,value=Value"`
}

// ListQueueTags returns the tags of a queue.
func (a api) ListQueueTags(ctx context.Context, in *queueRequest) (*listQueueTagsResult, error) {
	at, err := a.at(ctx, in.QueueUrl, "ListQueueTags")
	if err != nil {
		return nil, err
	}
	info, err := a.Info(at)
	return &listQueueTagsResult{info.Tags}, err
}
