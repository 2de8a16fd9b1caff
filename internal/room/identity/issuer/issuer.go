package issuer

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/store"
)

// An Issuer makes access keys and session tokens of the key of the server. Its
// methods may be called from many goroutines at once.
type Issuer struct {
	key  []byte
	seal cipher.AEAD
	// realm is sealed into tokens.
	realm string
}

// What the ids of keys begin with: those of users, and those of sessions.
const (
	Lasting   = "AKIA"
	Temporary = "ASIA"
)

var storeKey = []byte("identity/issuer")

// Open finds the key of the server, or makes it, on a full disk as well. Tokens that
// were made while nobody was taken at their word, which verified says, are not good
// for a server that takes people at theirs, nor the other way round.
//
// Where nothing is written, since somebody only looks at what there is, the key
// that is made has issued nothing and lasts as long as the looking.
func Open(ctx context.Context, s store.Store, verified bool) (*Issuer, error) {
	var key []byte
	err := s.View(ctx, func(tx store.Tx) error {
		found, err := tx.Get(storeKey)
		key = bytes.Clone(found)
		return err
	})
	if err == nil && key == nil {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		err = s.Update(ctx, func(tx store.Tx) error { return tx.Put(storeKey, key) }, store.Draining)
		if errors.Is(err, store.ErrReadOnly) {
			err = nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the key of the server: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("the key of the server: %w", err)
	}
	seal, err := cipher.NewGCM(block)
	return &Issuer{key, seal, map[bool]string{true: "verified", false: "open"}[verified]}, err
}

func (i *Issuer) mac(purpose, text string) []byte {
	h := hmac.New(sha256.New, i.key)
	h.Write([]byte(purpose + "\x00" + text))
	return h.Sum(nil)
}

const (
	randomPart = 7
	markPart   = 3
)

// NewID returns the id of a new key: chance, and the mark of the server.
func (i *Issuer) NewID(kind string) string {
	b := make([]byte, randomPart, randomPart+markPart)
	_, _ = rand.Read(b) // never fails
	b = append(b, i.mac("id "+kind, string(b))[:markPart]...)
	return kind + base32.StdEncoding.EncodeToString(b)
}

// Issued says whether an id bears the mark of the server.
func (i *Issuer) Issued(id string) bool {
	if len(id) != 20 || !strings.HasPrefix(id, Lasting) && !strings.HasPrefix(id, Temporary) {
		return false
	}
	b, err := base32.StdEncoding.DecodeString(id[4:])
	return err == nil && hmac.Equal(b[randomPart:], i.mac("id "+id[:4], string(b[:randomPart]))[:markPart])
}

// Secret returns the secret of a key.
func (i *Issuer) Secret(id string) string {
	return base64.StdEncoding.EncodeToString(i.mac("secret", id)[:30])
}

// A Session is what a token holds.
type Session struct {
	Account, Principal string
	Identity           access.Identity
}

// maxToken bounds a token, in bytes: it is sent in a header of each call.
const maxToken = 16 << 10

// Token seals a session for the key with an id.
func (i *Issuer) Token(id string, s *Session) (string, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	var small bytes.Buffer
	w, err := flate.NewWriter(&small, flate.BestCompression)
	if err != nil {
		return "", err
	}
	_, err = w.Write(text)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", err
	}
	nonce := make([]byte, i.seal.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return base64.StdEncoding.EncodeToString(i.seal.Seal(nonce, nonce, small.Bytes(), []byte(i.realm+" "+id))), nil
}

// Session returns the session in a token of the key with an id, nil when it is none.
func (i *Issuer) Session(id, token string) *Session {
	if len(token) > maxToken {
		return nil
	}
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil || len(b) < i.seal.NonceSize() {
		return nil
	}
	n := i.seal.NonceSize()
	small, err := i.seal.Open(nil, b[:n], b[n:], []byte(i.realm+" "+id))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(small)), 1<<20)) // we wrote it
	s := new(Session)
	if err != nil || json.Unmarshal(text, s) != nil {
		return nil
	}
	return s
}
