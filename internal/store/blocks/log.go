package blocks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/store"
)

// Options configure a Log. Store and Prefix must be given.
type Options struct {
	Store store.Store
	// Prefix begins the keys and ends with a slash.
	Prefix string
	// Memory is what packing and reading take from. Nil is without a bound.
	Memory *budget.Share
}

// A Log is the logs under one prefix. Its methods may be called from many
// goroutines at once.
type Log struct {
	opt    Options
	packer *zstd.Encoder
	opener *zstd.Decoder
	bodies sync.Pool // of *[]byte, for bodies while they are compressed

	mu sync.Mutex
	// next is the number of the next entry; those before limit are ours.
	next, limit uint64
}

// reserved is how many numbers are taken at a time, so that a start after a crash
// uses none again.
const reserved = 1 << 32

// Open returns the logs of a store.
func Open(opt Options) (*Log, error) {
	if opt.Store == nil || opt.Prefix == "" {
		return nil, errors.New("open blocks: they need a store and a prefix")
	}
	l := &Log{opt: opt, bodies: sync.Pool{New: func() any { return new([]byte) }}}
	var err error
	l.packer, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(1<<20), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	l.opener, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithDecoderMaxMemory(maxBlock))
	if err != nil {
		return nil, err
	}
	return l, nil
}

// reserve takes the next numbers. It waits until there is something to number, so
// that logs are opened where nothing can be written.
func (l *Log) reserve(ctx context.Context) error {
	key := l.key('n')
	next := uint64(1)
	err := l.opt.Store.Update(ctx, func(tx store.Tx) error {
		b, err := tx.Get(key)
		if err != nil {
			return err
		}
		if len(b) == 8 {
			next = binary.BigEndian.Uint64(b)
		}
		return tx.Put(key, binary.BigEndian.AppendUint64(nil, next+reserved))
	})
	if err == nil {
		l.next, l.limit = next, next+reserved
	}
	return err
}

// take returns the first of n numbers that follow each other.
func (l *Log) take(ctx context.Context, n int) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next+uint64(n) > l.limit {
		if err := l.reserve(ctx); err != nil {
			return 0, err
		}
	}
	first := l.next
	l.next += uint64(n)
	return first, nil
}

// millisInDay is how long a day is.
const millisInDay = 24 * 60 * 60 * 1000

func dayOf(millis int64) uint32 { return uint32(min(max(millis, 0)/millisInDay, math.MaxUint32)) }

// key makes a key of a kind from a log's number, a day, a source and a number, as
// far as they are given.
func (l *Log) key(kind byte, parts ...uint64) []byte {
	k := make([]byte, 0, len(l.opt.Prefix)+2+28)
	k = append(append(k, l.opt.Prefix...), kind, '/')
	for i, p := range parts {
		if i == 1 {
			k = binary.BigEndian.AppendUint32(k, uint32(p))
		} else {
			k = binary.BigEndian.AppendUint64(k, p)
		}
	}
	return k
}

// A place is where a block is.
type place struct {
	log, source, number uint64
	day                 uint32
}

func (l *Log) keyOf(kind byte, p place) []byte {
	return l.key(kind, p.log, uint64(p.day), p.source, p.number)
}

func (l *Log) placeOf(key []byte) (p place, err error) {
	k := key[len(l.opt.Prefix)+2:]
	if len(k) != 28 {
		return p, fmt.Errorf("%x is not the key of a block", key)
	}
	p.log, p.day = binary.BigEndian.Uint64(k), binary.BigEndian.Uint32(k[8:])
	p.source, p.number = binary.BigEndian.Uint64(k[12:]), binary.BigEndian.Uint64(k[20:])
	return p, nil
}
