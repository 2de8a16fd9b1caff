package queue

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
)

// The states of a [Move].
const (
	MoveRunning   = "RUNNING"
	MoveCompleted = "COMPLETED"
	MoveCancelled = "CANCELLED"
	MoveFailed    = "FAILED"
)

// KeepMoves is how many moves of one queue are remembered.
const KeepMoves = 10

// A Move is a task that takes dead letters back to where they came from, or to
// one other queue. They arrive as new messages.
type Move struct {
	ID string
	// Destination is an ARN; "" means the queue that each message came from.
	Destination string
	// Rate is how many messages are moved in a second, 0 for as many as possible.
	Rate    int
	Started time.Time
	Status  string
	// Moved is how many messages have arrived, ToMove how many there were.
	Moved, ToMove int
	// Reason says why it failed, in a word.
	Reason string
}

// moves are the tasks of all queues.
type moves struct {
	// news holds something when there is a task to start.
	news    chan struct{}
	running sync.WaitGroup

	mu    sync.Mutex
	tasks map[*queue][]*task // oldest first
}

type task struct {
	Move
	at      uint64 // the last part of its key
	started bool
}

// load takes in the tasks of a queue when the service is opened.
func (m *moves) load(tx store.Tx, q *queue) error {
	for k, v := range tx.Scan(keyRange(keyMove, q.number)) {
		t := &task{at: lastNumber(k)}
		if err := json.Unmarshal(v, &t.Move); err != nil {
			return recordError(q.address, t.at, errRecord)
		}
		m.tasks[q] = append(m.tasks[q], t)
	}
	return nil
}

// forget drops the tasks of a queue that is gone.
func (m *moves) forget(q *queue) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.tasks, q)
}

func (t *task) save(tx store.Tx, q *queue) error {
	b, err := json.Marshal(t.Move)
	if err != nil {
		return err
	}
	return tx.Put(key(keyMove, q.number, t.at), b)
}

// StartMove begins to move the messages of the dead-letter queue at a to
// destination, an ARN, or to where they came from when it is "". It returns the
// id of the task, which [Service.Run] carries out, also after a restart.
func (s *Service) StartMove(ctx context.Context, a Address, destination string, rate int) (string, error) {
	q, err := s.moveSource(a)
	if err != nil {
		return "", err
	}
	if len(s.Sources(a)) == 0 {
		return "", fault.Invalid("Source queue must be configured as a Dead Letter Queue.")
	}
	if err := s.checkDestination(a, destination); err != nil {
		return "", err
	}
	now := time.Now()
	t := &task{at: uint64(now.UnixNano()), Move: Move{
		ID: uuid.NewString(), Destination: destination, Rate: rate, Started: now.UTC(), Status: MoveRunning,
	}}
	err = s.update(ctx, q, func(tx store.Tx) error {
		s.moves.mu.Lock()
		defer s.moves.mu.Unlock()
		tasks := s.moves.tasks[q]
		if slices.ContainsFunc(tasks, func(t *task) bool { return t.Status == MoveRunning }) {
			return fault.Invalid("There is already a task running. Only one active task is allowed for a source queue arn at a given time.")
		}
		q.Settle(now.UnixNano())
		t.ToMove = q.fresh + q.Count(ledger.Visible)
		for len(tasks) >= KeepMoves {
			if err := tx.Delete(key(keyMove, q.number, tasks[0].at)); err != nil {
				return err
			}
			tasks = tasks[1:]
		}
		if err := t.save(tx, q); err != nil {
			return err
		}
		s.moves.tasks[q] = append(tasks, t)
		return nil
	})
	if err != nil {
		return "", err
	}
	select {
	case s.moves.news <- struct{}{}:
	default:
	}
	return t.ID, nil
}

func (s *Service) moveSource(a Address) (*queue, error) {
	q := s.lookup(a)
	if q == nil {
		return nil, fault.NotFound("The resource that you specified for the SourceArn parameter doesn't exist.").WithCode(CodeResource)
	}
	return q, nil
}

func (s *Service) checkDestination(from Address, destination string) error {
	if destination == "" {
		return nil
	}
	to, ok := ParseAddress(destination)
	if !ok || s.lookup(to) == nil {
		return fault.NotFound("The resource that you specified for the DestinationArn parameter doesn't exist.").WithCode(CodeResource)
	}
	if to == from {
		return fault.Invalid("Source queue arn and destination queue arn cannot be the same.")
	}
	if to.FIFO() != from.FIFO() {
		return fault.Invalid("The source queue and the destination queue must be of the same type.")
	}
	return nil
}

// CancelMove ends a move and returns how many messages have arrived. They stay
// where they are.
func (s *Service) CancelMove(ctx context.Context, a Address, id string) (int, error) {
	q, err := s.moveSource(a)
	if err != nil {
		return 0, err
	}
	moved := 0
	err = s.update(ctx, q, func(tx store.Tx) error {
		s.moves.mu.Lock()
		defer s.moves.mu.Unlock()
		for _, t := range s.moves.tasks[q] {
			if t.ID != id {
				continue
			}
			if t.Status != MoveRunning {
				return fault.Invalid("Only active tasks can be cancelled. The task is %s.", t.Status)
			}
			t.Status, moved = MoveCancelled, t.Moved
			return t.save(tx, q)
		}
		return fault.NotFound("Task does not exist.").WithCode(CodeResource)
	}, store.Draining)
	return moved, err
}

// Moves returns the latest moves of the queue at a, at most limit, the newest
// first.
func (s *Service) Moves(a Address, limit int) ([]Move, error) {
	q, err := s.moveSource(a)
	if err != nil {
		return nil, err
	}
	s.moves.mu.Lock()
	defer s.moves.mu.Unlock()
	var latest []Move
	for _, t := range slices.Backward(s.moves.tasks[q]) {
		if len(latest) == limit {
			break
		}
		latest = append(latest, t.Move)
	}
	return latest, nil
}

// Sources returns the queues that send their dead letters to the queue at a, in
// the order of their names.
func (s *Service) Sources(a Address) []Address {
	var sources []Address
	for _, from := range s.List(a.Place, "") {
		if q := s.lookup(from); q != nil {
			if r := q.config().Redrive; r != nil && r.Target == a.ARN() {
				sources = append(sources, from)
			}
		}
	}
	return sources
}
