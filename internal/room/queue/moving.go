package queue

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/queue/ledger"
	"github.com/dari-bus/dari/internal/store"
)

// Why a move fails, in the words of its door.
const (
	reasonNoQueue  = "AWS.SimpleQueueService.NonExistentQueue"
	reasonNoSource = "CouldNotDetermineMessageSource"
	reasonInternal = "InternalError"
)

// moveBatch is how many messages one transaction moves at most.
const moveBatch = 100

// startMoves starts the tasks that are running and that nobody carries out.
func (s *Service) startMoves(ctx context.Context) {
	s.moves.mu.Lock()
	defer s.moves.mu.Unlock()
	for q, tasks := range s.moves.tasks {
		for _, t := range tasks {
			if t.Status == MoveRunning && !t.started {
				t.started = true
				s.moves.running.Go(func() { s.carryOut(ctx, q, t) })
			}
		}
	}
}

// carryOut takes steps until the task is over or ctx ends. A task that ctx
// interrupts goes on when Run is called again.
func (s *Service) carryOut(ctx context.Context, q *queue, t *task) {
	batch, pause := moveBatch, time.Duration(0)
	if t.Rate > 0 {
		batch = max(1, t.Rate/10)
		pause = time.Duration(batch) * time.Second / time.Duration(t.Rate)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for ctx.Err() == nil {
		if pause > 0 {
			timer.Reset(pause)
			select {
			case <-ctx.Done():
				continue
			case <-timer.C:
			}
		}
		over, err := s.step(ctx, q, t, batch)
		if errors.Is(err, store.ErrFull) {
			pause = max(pause, time.Second) // until there is room
			continue
		}
		if err != nil && ctx.Err() == nil {
			s.opt.Log.Error("a task that moves dead letters has failed", "queue", q.arn, "err", err)
			s.fail(ctx, q, t)
			return
		}
		if over {
			return
		}
	}
	s.moves.mu.Lock()
	defer s.moves.mu.Unlock()
	t.started = false
}

// step moves up to batch messages in one transaction.
func (s *Service) step(ctx context.Context, q *queue, t *task, batch int) (over bool, err error) {
	w := walk{service: s, queue: q, budget: walkBudget}
	err = s.update(ctx, q, func(tx store.Tx) error {
		s.moves.mu.Lock()
		defer s.moves.mu.Unlock()
		if over = t.Status != MoveRunning; over {
			return nil
		}
		w.begin(tx)
		before := t.Moved
		want := min(batch, t.ToMove-t.Moved)
		if err := w.each(want, func(e *ledger.Entry, r *record) (bool, error) { return w.move(t, e, r) }); err != nil {
			return err
		}
		switch {
		case t.Reason != "":
			t.Status = MoveFailed
		case t.Moved >= t.ToMove, t.Moved-before < want && w.budget > 0:
			t.Status = MoveCompleted
		}
		over = t.Status != MoveRunning
		return t.save(tx, q)
	}, store.Unsynced) // a message leaves and arrives in the same transaction
	if err != nil {
		w.doubt()
	}
	if fault.KindOf(err) == fault.KindNotFound {
		return true, nil // the queue was deleted
	}
	return over, err
}

// move takes one message to its destination.
func (w *walk) move(t *task, e *ledger.Entry, r *record) (bool, error) {
	text := t.Destination
	if text == "" {
		text = r.origin
	}
	a, ok := ParseAddress(text)
	if !ok {
		t.Reason = reasonNoSource
		return false, errEnough
	}
	to := w.service.lookup(a)
	if to == nil {
		t.Reason = reasonNoQueue
		return false, errEnough
	}
	fresh := record{Draft: r.Draft, id: uuid.New(), sent: w.now}
	if err := w.pass(to, &fresh); err != nil {
		return false, err
	}
	t.Moved++
	return true, w.remove(e)
}

// fail ends a task after an error of ours.
func (s *Service) fail(ctx context.Context, q *queue, t *task) {
	err := s.update(ctx, q, func(tx store.Tx) error {
		s.moves.mu.Lock()
		defer s.moves.mu.Unlock()
		t.Status, t.Reason = MoveFailed, reasonInternal
		return t.save(tx, q)
	}, store.Draining)
	if err != nil {
		s.opt.Log.Error("a task that moves dead letters could not be ended", "queue", q.arn, "err", err)
	}
}
