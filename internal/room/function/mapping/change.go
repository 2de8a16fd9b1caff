package mapping

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Change is what is to be changed of a mapping; what is nil stays.
type Change struct {
	Function  *catalog.Address
	Enabled   *bool
	BatchSize *int
	Window    *int
	// Filters and Concurrency take away what there is when they are empty or 0.
	Filters     *[]string
	Partial     *bool
	Concurrency *int
}

func (c *Change) apply(m *Mapping) {
	if c.Function != nil {
		m.Function, m.Qualifier = c.Function.Name, c.Function.Qualifier
	}
	set(&m.Enabled, c.Enabled)
	set(&m.BatchSize, c.BatchSize)
	set(&m.Window, c.Window)
	set(&m.Filters, c.Filters)
	set(&m.Partial, c.Partial)
	set(&m.Concurrency, c.Concurrency)
	m.Modified = time.Now().UnixMilli()
}

// within refuses a function of somebody else's.
func (c *Change) within(by access.Caller) error {
	if c.Function != nil && c.Function.Place != by.Place {
		return fault.Denied("The function %s is another account's, and cannot be given a queue to work on by account %s.", c.Function.ARN(), by.Account)
	}
	return nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// maxTags is how many tags a mapping may have.
const maxTags = 50

// ARN is that of a mapping.
func ARN(at access.Place, uuid string) string {
	return at.ARN("lambda", "event-source-mapping:"+uuid).String()
}

// allow asks whether a caller may do something with one mapping, or with all.
func (m *Mappings) allow(by access.Caller, op, uuid string) error {
	resource := "*"
	if uuid != "" {
		resource = ARN(by.Place, uuid)
	}
	return m.opt.Guard.Allow(access.Own(by, "lambda:"+op, resource))
}

// Create makes a mapping of a queue to a function.
func (m *Mappings) Create(ctx context.Context, by access.Caller, queue string, c Change, tags map[string]string) (*Mapping, error) {
	if err := m.allow(by, "CreateEventSourceMapping", ""); err != nil {
		return nil, err
	}
	if len(tags) > 0 {
		if err := m.allow(by, "TagResource", ""); err != nil {
			return nil, err
		}
	}
	if len(tags) > maxTags {
		return nil, tooManyTags()
	}
	if err := c.within(by); err != nil {
		return nil, err
	}
	row := &Mapping{UUID: uuid.NewString(), Queue: queue, Enabled: true, Settings: Settings{BatchSize: 10}, Tags: tags}
	c.apply(row)
	if err := m.check(by, row); err != nil {
		return nil, err
	}
	err := m.opt.Store.Update(ctx, func(tx store.Tx) error {
		if err := m.alone(by.Place, row); err != nil {
			return err
		}
		if err := m.mayAdd(by.Account); err != nil {
			return err
		}
		return m.rows.In(tx).Create(table.Key{Place: by.Place, Name: row.UUID}, row)
	})
	m.changed()
	return row, err
}

// alone says in a transaction whether no other mapping is of the same queue and function.
func (m *Mappings) alone(at access.Place, row *Mapping) error {
	for other := range m.rows.Each(at, "") {
		if other.UUID != row.UUID && other.Queue == row.Queue && other.Function == row.Function && other.Qualifier == row.Qualifier {
			return fault.Conflict(`An event source mapping with SQS arn (" %s ") and function (" %s ") already exists. Please update or delete the existing mapping with UUID %s`, row.Queue, row.Function, other.UUID)
		}
	}
	return nil
}

// mayAdd says whether there may be one more mapping.
func (m *Mappings) mayAdd(account string) error {
	all, strange := 0, 0
	configured := func(account string) bool { return m.opt.Configured == nil || m.opt.Configured(account) }
	for k := range m.rows.Keyed() {
		if all++; !configured(k.Account) {
			strange++
		}
	}
	if all >= maxAll || strange >= maxStrange && !configured(account) {
		return fault.Limit("The accounts of this server have as many event source mappings together as they may have. Delete some, or start the server with -keys, which names the accounts that there are.").WithCode("LimitExceededException")
	}
	return nil
}

// check says whether a mapping can be as it is, and completes it.
func (m *Mappings) check(by access.Caller, row *Mapping) error {
	queue, err := arn.Parse(row.Queue)
	switch {
	case row.Queue == "":
		return fault.Invalid("Unrecognized event source.")
	case err != nil:
		return fault.Invalid("The event source %q is no ARN.", row.Queue)
	case queue.Service != "sqs":
		return fault.Invalid("The event source %s is not offered: dari has functions work on queues of SQS, and on nothing else.", row.Queue)
	case queue.Region != by.Region:
		return fault.Invalid("The event source %s is not in the region of the function, which is %s.", row.Queue, by.Region)
	}
	if err := row.checkBatch(); err != nil {
		return err
	}
	if err := row.complete(); err != nil {
		return fault.Invalid("Invalid filter pattern definition.")
	}
	f, err := m.opt.Functions.Find(row.of(by.Place))
	if err != nil {
		return fault.Invalid("Function does not exist")
	}
	visibility, err := m.opt.Queues.Look(f.At, f.Role, queue)
	if err != nil {
		return refused(err)
	}
	if timeout := time.Duration(f.Timeout) * time.Second; visibility < timeout {
		return fault.Invalid("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds", visibility/time.Second, f.Timeout)
	}
	return nil
}

func (m *Mapping) checkBatch() error {
	fifo := strings.HasSuffix(m.Queue, ".fifo")
	switch {
	case fifo && m.Window > 0:
		return fault.Invalid("Batching window is not supported for FIFO queues.")
	case fifo && m.BatchSize > 10:
		return fault.Invalid("Batch size of %d is more than the 10 that mappings from FIFO queues may have.", m.BatchSize)
	case m.BatchSize > 10 && m.Window == 0:
		return fault.Invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	}
	return nil
}

// refused says in AWS's words why a queue cannot be read.
func refused(err error) error {
	f, _ := errors.AsType[*fault.Error](err)
	switch {
	case f == nil:
	case f.Kind == fault.KindDenied:
		return fault.Invalid("The provided execution role does not have permissions to call %s on SQS", f.Code)
	case f.Kind == fault.KindNotFound:
		return fault.Invalid("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.")
	}
	return err
}

// Update changes a mapping, and returns how it was and how it is.
func (m *Mappings) Update(ctx context.Context, by access.Caller, uuid string, c Change) (old, next *Mapping, err error) {
	if err := m.allow(by, "UpdateEventSourceMapping", uuid); err != nil {
		return nil, nil, err
	}
	if err := c.within(by); err != nil {
		return nil, nil, err
	}
	key := table.Key{Place: by.Place, Name: uuid}
	if old, err = m.rows.Get(key); err != nil {
		return nil, nil, err
	}
	draft := *old
	c.apply(&draft)
	if err := m.check(by, &draft); err != nil {
		return nil, nil, err
	}
	next, err = m.rows.Change(ctx, key, func(row *Mapping) error {
		c.apply(row)
		if err := m.alone(by.Place, row); err != nil {
			return err
		}
		if err := row.checkBatch(); err != nil {
			return err
		}
		return row.complete()
	})
	m.changed()
	return old, next, err
}

// Delete ends a mapping. Batches that a function has go on.
func (m *Mappings) Delete(ctx context.Context, by access.Caller, uuid string) (*Mapping, error) {
	if err := m.allow(by, "DeleteEventSourceMapping", uuid); err != nil {
		return nil, err
	}
	row, err := m.rows.Delete(ctx, table.Key{Place: by.Place, Name: uuid})
	m.changed()
	return row, err
}

// Get returns a mapping.
func (m *Mappings) Get(by access.Caller, uuid string) (*Mapping, error) {
	if err := m.allow(by, "GetEventSourceMapping", uuid); err != nil {
		return nil, err
	}
	return m.rows.Get(table.Key{Place: by.Place, Name: uuid})
}

// List returns a page of the mappings of a queue and of a function, each of which may be
// missing.
func (m *Mappings) List(by access.Caller, queue string, function *catalog.Address, token string, limit int) ([]*Mapping, string, error) {
	if err := m.allow(by, "ListEventSourceMappings", ""); err != nil {
		return nil, "", err
	}
	return m.rows.List(by.Place, "", func(row *Mapping) bool {
		return (queue == "" || row.Queue == queue) && (function == nil || row.of(by.Place) == *function)
	}, token, limit)
}

// Tags returns the tags of a mapping.
func (m *Mappings) Tags(by access.Caller, uuid string) (map[string]string, error) {
	if err := m.allow(by, "ListTags", uuid); err != nil {
		return nil, err
	}
	row, err := m.rows.Get(table.Key{Place: by.Place, Name: uuid})
	if err != nil {
		return nil, err
	}
	return row.Tags, nil
}

// Retag gives tags to a mapping and takes others from it.
func (m *Mappings) Retag(ctx context.Context, by access.Caller, uuid string, add map[string]string, take []string) error {
	op := "TagResource"
	if add == nil {
		op = "UntagResource"
	}
	if err := m.allow(by, op, uuid); err != nil {
		return err
	}
	_, err := m.rows.Change(ctx, table.Key{Place: by.Place, Name: uuid}, func(row *Mapping) error {
		tags := map[string]string{}
		maps.Copy(tags, row.Tags)
		maps.Copy(tags, add)
		for _, k := range take {
			delete(tags, k)
		}
		if len(tags) > maxTags {
			return tooManyTags()
		}
		row.Tags = tags
		return nil
	})
	m.changed()
	return err
}

func tooManyTags() error {
	return fault.Invalid("An event source mapping can have at most %d tags.", maxTags)
}
