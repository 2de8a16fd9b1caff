package queue

import (
	"slices"
	"time"

	"github.com/dari-bus/dari/internal/fault"
)

// Settings are what the owner of a queue decides about it.
type Settings struct {
	// Visibility is how long a received message is invisible: up to 12 hours.
	Visibility time.Duration
	// Delay is how long a new message is invisible: up to 15 minutes.
	Delay time.Duration
	// Retention is how long a message is kept: a minute to 14 days.
	Retention time.Duration
	// Wait is how long a receiver waits that does not say: up to 20 seconds.
	Wait time.Duration
	// MaxSize bounds the body of a message and its attributes, in bytes.
	MaxSize int
	// Redrive says where messages go that are received in vain, nil for nowhere.
	Redrive *Redrive `json:",omitempty"`
	// RedriveAllow says whose dead letters the queue takes, nil for everybody's in
	// its account and region.
	RedriveAllow *RedriveAllow `json:",omitempty"`
	// Policy is the text of the resource policy, or "".
	Policy string `json:",omitempty"`
	// Encrypted says that the service's own key encrypts, Key that a KMS key
	// does, with data keys that may be used for KeyReuse. They are remembered only.
	Encrypted bool
	Key       string        `json:",omitempty"`
	KeyReuse  time.Duration `json:",omitempty"`

	// ContentDedup makes a FIFO queue recognise repetitions by the body where the
	// sender gives no deduplication id. GroupDedup means that the same id in
	// another group is no repetition, GroupThroughput that limits of throughput
	// are per group.
	ContentDedup, GroupDedup, GroupThroughput bool
}

// A Redrive is where messages go that have been received too often.
type Redrive struct {
	// Target is the ARN of the dead-letter queue.
	Target string
	// MaxReceives is 1 to 1000. A message that has been received that often goes
	// to the target instead of to the next receiver.
	MaxReceives int
	// Text is the policy as its owner wrote it, for errors.
	Text string `json:"-"`
}

// A RedriveAllow says which queues may name a queue as their dead-letter queue.
type RedriveAllow struct {
	// Permission is allowAll, denyAll or byQueue.
	Permission string
	// Sources are the ARNs for byQueue, at most ten.
	Sources []string `json:",omitempty"`
}

// The values of RedriveAllow.Permission.
const (
	AllowAll = "allowAll"
	DenyAll  = "denyAll"
	ByQueue  = "byQueue"
)

// DefaultSettings are those of a queue whose owner decides nothing.
func DefaultSettings() Settings {
	return Settings{
		Visibility: 30 * time.Second,
		Retention:  4 * 24 * time.Hour,
		MaxSize:    1 << 20,
		Encrypted:  true,
		KeyReuse:   5 * time.Minute,
	}
}

// permits says whether the queue of these settings takes the dead letters of
// the queue with the ARN source.
func (s *Settings) permits(source string) bool {
	if s.RedriveAllow == nil {
		return true
	}
	switch s.RedriveAllow.Permission {
	case DenyAll:
		return false
	case ByQueue:
		return slices.Contains(s.RedriveAllow.Sources, source)
	}
	return true
}

// checkSettings returns a fault unless the queue at a can have these settings.
// old is its redrive policy so far, whose target may have been deleted since.
func (s *Service) checkSettings(a Address, set *Settings, old *Redrive) error {
	if err := checkPolicy(set.Policy); err != nil {
		return err
	}
	if set.GroupThroughput && !set.GroupDedup {
		return fault.Invalid("Value perMessageGroupId for parameter FifoThroughputLimit is invalid. Reason: DeduplicationScope must be messageGroup.")
	}
	if set.Redrive == old {
		return nil
	}
	return s.checkRedrive(a, set.Redrive)
}

// checkRedrive returns an error unless the queue at a may send its dead letters
// where r says.
func (s *Service) checkRedrive(a Address, r *Redrive) error {
	if r == nil {
		return nil
	}
	to, ok := ParseAddress(r.Target)
	if !ok {
		return redriveFault(r, "Invalid value for deadLetterTargetArn.")
	}
	if r.MaxReceives < 1 || r.MaxReceives > 1000 {
		return redriveFault(r, "Invalid value for maxReceiveCount: %d, valid values are from 1 to 1000 both inclusive.", r.MaxReceives)
	}
	if to.Account != a.Account || to.Region != a.Region {
		return redriveFault(r, "Dead-letter target owner should be same as the source.")
	}
	if to.FIFO() != a.FIFO() {
		return redriveFault(r, "Dead-letter queue must be same type of queue as the source.")
	}
	if to == a {
		return nil
	}
	q := s.lookup(to)
	if q == nil {
		return redriveFault(r, "Dead letter target does not exist.")
	}
	if !q.config().permits(a.ARN()) {
		return redriveFault(r, "The redrive allow policy of the dead-letter queue does not permit this queue.")
	}
	return nil
}

func redriveFault(r *Redrive, reason string, args ...any) error {
	args = append([]any{r.Text}, args...)
	return fault.Invalid("Value %s for parameter RedrivePolicy is invalid. Reason: "+reason, args...)
}
