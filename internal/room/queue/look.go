package queue

import (
	"slices"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
)

// Count returns how many queues there are in all accounts.
func (s *Service) Count() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.queues)
}

// Exists says whether there is a queue with an ARN.
func (s *Service) Exists(a arn.ARN) bool {
	return s.lookup(Address{Place: access.Place{Account: a.Account, Region: a.Region}, Name: a.Resource}) != nil
}

// LetAnybodyIn returns the ARNs of the queues, of all accounts, whose policies let
// everybody send, receive or delete, sorted.
func (s *Service) LetAnybodyIn() []string {
	var open []string
	for _, q := range s.all() {
		for _, action := range []string{"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"} {
			if q.config().policy.LetsAnybody(action, q.arn) {
				open = append(open, q.arn)
				break
			}
		}
	}
	slices.Sort(open)
	return open
}
