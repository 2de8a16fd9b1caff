package groups

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
	"github.com/dari-bus/dari/internal/store/blocks"
	"github.com/dari-bus/dari/internal/store/table"
)

// sweepEvery is how often expired events are looked for.
const sweepEvery = time.Minute

// Run deletes what has expired and merges small blocks, until its context ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.opt.Log.Error("logs: cleaning up failed, and is tried again in a minute", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.piles.Wanted():
		}
	}
}

func (s *Service) sweep(ctx context.Context) error {
	if err := s.bury(ctx); err != nil {
		return err
	}
	// Days expire when a day begins, and when somebody changes a retention.
	today := dayOf(time.Now().UnixMilli())
	if s.deleted.Swap(false) || today != s.sweptOn {
		if err := s.clear(ctx); err != nil {
			s.deleted.Store(true)
			return err
		}
	}
	if s.shorter.Swap(false) || today != s.sweptOn {
		if err := s.expire(ctx); err != nil {
			s.shorter.Store(true)
			return err
		}
	}
	if today != s.sweptOn {
		if err := s.mergeRest(ctx, today); err != nil {
			return err
		}
		s.sweptOn = today
	}
	return s.merge(ctx)
}

// dayOf returns the day, of UTC, that a time is in.
func dayOf(millis int64) int64 { return millis / millisInDay }

const millisInDay = int64(24 * time.Hour / time.Millisecond)

// expire deletes the days of all groups that have expired.
func (s *Service) expire(ctx context.Context) error {
	begins := map[uint64]int64{}
	err := s.opt.Store.View(ctx, func(tx store.Tx) error {
		for g := range s.groups.All() {
			if begin := g.Begin(time.Now()); begin != 0 && s.events.Expired(tx, g.Number, begin) {
				begins[g.Number] = begin
			}
		}
		return nil
	})
	for number, begin := range begins {
		if err == nil {
			err = s.opt.Store.Update(ctx, func(tx store.Tx) error { return s.events.Expire(tx, number, begin) }, store.Draining, store.Unsynced)
		}
	}
	return err
}

// bury deletes the streams of groups that were deleted, some at a time.
func (s *Service) bury(ctx context.Context) error {
	const some = 1000
	for {
		var number uint64
		var at access.Place
		err := s.opt.Store.View(ctx, func(tx store.Tx) error {
			for key, value := range tx.Scan([]byte(keyGone), store.End([]byte(keyGone))) {
				number = binary.BigEndian.Uint64(bytes.TrimPrefix(key, []byte(keyGone)))
				at.Account, at.Region, _ = strings.Cut(string(value), "/")
				return nil
			}
			return nil
		})
		if err != nil || number == 0 {
			return err
		}
		prefix := fmt.Sprintf("%016x/", number)
		err = s.opt.Store.Update(ctx, func(tx store.Tx) error {
			w := s.streams.In(tx)
			n := 0
			for st := range s.streams.Each(at, prefix) {
				if n++; n > some {
					return nil
				}
				if _, err := w.Delete(table.Key{Place: at, Name: prefix + st.Name}); err != nil {
					return err
				}
			}
			return tx.Delete(binary.BigEndian.AppendUint64([]byte(keyGone), number))
		}, store.Draining)
		if err != nil {
			return err
		}
	}
}

// A left is what a deleted stream has left: its events of some time.
type left struct {
	group, source uint64
	first, last   int64
}

func (l left) key() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64([]byte(keyLeft), l.group), l.source)
}

func (l left) value() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(l.first)), uint64(l.last))
}

func readLeft(key, value []byte) (l left, err error) {
	key = bytes.TrimPrefix(key, []byte(keyLeft))
	if len(key) != 16 || len(value) != 16 {
		return l, fmt.Errorf("%x is no record of a deleted stream", key)
	}
	l.group, l.source = binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:])
	l.first, l.last = int64(binary.BigEndian.Uint64(value)), int64(binary.BigEndian.Uint64(value[8:]))
	return l, nil
}

// clear deletes the events of streams that were deleted.
func (s *Service) clear(ctx context.Context) error {
	for {
		var l left
		err := s.opt.Store.View(ctx, func(tx store.Tx) (err error) {
			for key, value := range tx.Scan([]byte(keyLeft), store.End([]byte(keyLeft))) {
				l, err = readLeft(key, value)
				return err
			}
			return nil
		})
		if err != nil || l.group == 0 {
			return err
		}
		if err := s.events.DropDays(ctx, l.group, l.source, l.first, l.last); err != nil {
			return err
		}
		err = s.opt.Store.Update(ctx, func(tx store.Tx) error { return tx.Delete(l.key()) }, store.Draining, store.Unsynced)
		if err != nil {
			return err
		}
	}
}

// merge merges the small blocks of the streams whose piles have grown.
func (s *Service) merge(ctx context.Context) error {
	return s.piles.Each(func(k table.Key) error {
		st := s.streams.Find(k)
		if st == nil || st.Small < blocks.SmallestPile { // it was merged meanwhile
			return nil
		}
		return s.mergeStream(ctx, st)
	})
}

// mergeRest merges what is left in small blocks of the days before today.
func (s *Service) mergeRest(ctx context.Context, today int64) error {
	for st := range s.streams.All() {
		if st.Small >= blocks.SmallestPile || st.Small > 1 && dayOf(st.SmallTo) < today {
			if err := s.mergeStream(ctx, st); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeStream merges the small blocks that a stream has.
func (s *Service) mergeStream(ctx context.Context, st *Stream) error {
	if err := s.events.MergeDays(ctx, st.group, st.Number, st.SmallFrom, st.SmallTo); err != nil {
		return err
	}
	_, err := s.streams.Change(ctx, st.key(), func(now *Stream) error {
		if now.Number != st.Number {
			return errNoStream
		}
		if now.Small -= st.Small; now.Small <= 0 {
			now.Small, now.SmallFrom, now.SmallTo = 0, 0, 0
		}
		return nil
	}, store.Unsynced)
	if fault.KindOf(err) == fault.KindNotFound { // it was deleted meanwhile
		return nil
	}
	return err
}
