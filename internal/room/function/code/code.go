package code

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/store"
)

// The bounds of a zip, in bytes, as AWS has them.
const (
	MaxZipped   = 52_428_800
	MaxUnzipped = 262_144_000
)

// Options configure a Keeper.
type Options struct {
	Store store.Store
	// Dir returns where the folders are made, when the first is: a directory that is
	// empty then, and that whoever runs code can read.
	Dir func(context.Context) (string, error)
	// MaxFolders is how many bytes the folders may take that nobody uses. Default 4 GiB.
	MaxFolders int64
}

// A Ref names a zip.
type Ref struct {
	// Hash is the SHA-256 of the zip in hexadecimal digits.
	Hash string
	// Size is that of the zip, and Unzipped that of the files in it.
	Size, Unzipped int64
}

// SHA256 is the hash as AWS prints it.
func (r Ref) SHA256() string {
	b, _ := hex.DecodeString(r.Hash) // it is one
	return base64.StdEncoding.EncodeToString(b)
}

// A Keeper keeps code. Its methods may be called from many goroutines at once.
type Keeper struct {
	opt Options

	mu sync.Mutex
	// held counts those who have added a zip, or ask for its folder, and whom a sweep
	// may not know of yet.
	held    map[string]int
	folders map[string]*folder
	bytes   int64 // of all folders
	// unpacking has a token for each who reads a zip from the store, which is all in
	// memory then.
	unpacking chan struct{}
}

// Open makes a keeper on a store.
func Open(opt Options) (*Keeper, error) {
	if opt.Store == nil || opt.Dir == nil {
		return nil, errors.New("open the code of functions: it needs a store and a directory")
	}
	if opt.MaxFolders == 0 {
		opt.MaxFolders = 4 << 30
	}
	return &Keeper{opt: opt, held: map[string]int{}, folders: map[string]*folder{}, unpacking: make(chan struct{}, 2)}, nil
}

const prefix = "function/code/"

// A zip is in pieces, so that its writing holds nobody up: see [store.Store].
const piece = 64 << 10

func pieceKey(hash string, n int) []byte { return fmt.Appendf(nil, "%s%s/%04d", prefix, hash, n) }

// span is where the keys of a zip are.
func span(hash string) (from, to []byte) {
	from = []byte(prefix + hash + "/")
	return from, store.End(from)
}

// headKey is where the size of a zip is, written when all pieces are.
func headKey(hash string) []byte { return []byte(prefix + hash + "/size") }

// Add checks a zip and keeps it; it is on disk when Add returns. The caller calls
// release when its Ref is where a sweep finds it, or when it has failed to put it there.
func (k *Keeper) Add(ctx context.Context, zip []byte) (r Ref, release func(), err error) {
	if len(zip) >= MaxZipped {
		return r, nil, fault.Invalid("Zipped size must be smaller than %d bytes", MaxZipped).WithCode("RequestEntityTooLargeException")
	}
	sum := sha256.Sum256(zip)
	r = Ref{Hash: hex.EncodeToString(sum[:]), Size: int64(len(zip))}
	release = k.hold(r.Hash)
	defer func() {
		if err != nil {
			release()
		}
	}()
	if r.Unzipped, err = check(ctx, zip); err != nil {
		return r, release, err
	}
	return r, release, k.write(ctx, r.Hash, zip)
}

func (k *Keeper) hold(hash string) (release func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held[hash]++
	return sync.OnceFunc(func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.held[hash]--; k.held[hash] == 0 {
			delete(k.held, hash)
		}
	})
}

// write keeps a zip that is held. It looks for it in the store's turn, so that no
// sweep which began before it was held deletes what it finds.
func (k *Keeper) write(ctx context.Context, hash string, zip []byte) error {
	there := false
	err := k.opt.Store.Update(ctx, func(tx store.Tx) error {
		v, err := tx.Get(headKey(hash))
		there = v != nil
		return err
	})
	if err != nil || there {
		return err
	}
	for n := 0; n*piece < len(zip); n++ {
		part := zip[n*piece : min(len(zip), (n+1)*piece)]
		err := k.opt.Store.Update(ctx, func(tx store.Tx) error { return tx.Put(pieceKey(hash, n), part) }, store.Unsynced)
		if err != nil {
			return err
		}
	}
	return k.opt.Store.Update(ctx, func(tx store.Tx) error {
		return tx.Put(headKey(hash), strconv.AppendInt(nil, int64(len(zip)), 10))
	})
}

// zip returns the bytes of a zip.
func (k *Keeper) zip(ctx context.Context, r Ref) ([]byte, error) {
	zip := make([]byte, 0, r.Size)
	err := k.opt.Store.View(ctx, func(tx store.Tx) error {
		for key, part := range tx.Scan(span(r.Hash)) {
			if !bytes.Equal(key, headKey(r.Hash)) {
				zip = append(zip, part...)
			}
		}
		return nil
	})
	if err == nil && int64(len(zip)) != r.Size {
		err = fmt.Errorf("the code %s has %d bytes and should have %d", r.Hash, len(zip), r.Size)
	}
	return zip, err
}

// Sweep deletes what nobody uses, such as what was being added when a server died:
// used says, in the store's turn, whether somebody has a Ref with a hash.
func (k *Keeper) Sweep(ctx context.Context, used func(hash string) bool) error {
	hashes, err := k.hashes(ctx)
	if err != nil {
		return err
	}
	for _, hash := range hashes {
		if err := k.Drop(ctx, hash, used); err != nil {
			return err
		}
	}
	return nil
}

// Drop deletes one zip, unless it is used.
func (k *Keeper) Drop(ctx context.Context, hash string, used func(hash string) bool) error {
	return k.opt.Store.Update(ctx, func(tx store.Tx) error {
		k.mu.Lock()
		held := k.held[hash] > 0
		k.mu.Unlock()
		if held || used(hash) {
			return nil
		}
		return tx.DeleteRange(span(hash))
	}, store.Draining)
}

// hashes are those of all zips, and of what is left of some that were never whole.
func (k *Keeper) hashes(ctx context.Context) (all []string, err error) {
	err = k.opt.Store.View(ctx, func(tx store.Tx) error {
		from, end := []byte(prefix), store.End([]byte(prefix))
		for {
			hash := ""
			for key := range tx.Scan(from, end) {
				hash, _, _ = strings.Cut(strings.TrimPrefix(string(key), prefix), "/")
				break
			}
			if hash == "" {
				return nil
			}
			all = append(all, hash)
			_, from = span(hash)
		}
	})
	return all, err
}
