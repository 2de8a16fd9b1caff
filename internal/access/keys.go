package access

import (
	"bufio"
	"crypto/subtle"
	"fmt"
	"io"
	"strings"
	"time"
)

// Credentials know who may sign. They may be asked from many goroutines at once,
// and may change their minds between two calls.
type Credentials interface {
	// Find returns what belongs to an access key. token is the session token that
	// came with it, "" for none; a key with another token, or with one where it has
	// none, is not found.
	Find(keyID, token string) (Credential, bool)
	// Issued says whether an id is that of a key that was made here, once, and not
	// a word that somebody chose: it counts only as far as Find knows it.
	Issued(keyID string) bool
}

// A Credential is what belongs to an access key.
type Credential struct {
	Secret string
	// Token is the session token that must come with the key, "" for none.
	Token string
	// Account is the account that callers with the key act for.
	Account string
	// Principal is the ARN of who they are, "" for the root of the account.
	Principal string
	// Identity is the user or the session that they are, nil for the root.
	Identity *Identity
	// Expires is when it is no longer good, zero for never.
	Expires time.Time
}

// Keys is a fixed set of access keys, by id.
type Keys map[string]Credential

// Find returns the access key with an id.
func (k Keys) Find(keyID, token string) (Credential, bool) {
	c, ok := k[keyID]
	return c, ok && subtle.ConstantTimeCompare([]byte(c.Token), []byte(token)) == 1
}

// Issued says whether the set has the key.
func (k Keys) Issued(keyID string) bool {
	_, ok := k[keyID]
	return ok
}

// Add puts an access key into the set. An error says what is wrong with it.
func (k Keys) Add(id, secret, account string) error {
	switch _, twice := k[id]; {
	case twice:
		return fmt.Errorf("the access key %s is there twice; which of its secrets and accounts counts would be a matter of chance", id)
	case strings.ContainsAny(id, "/,=") || len(id) > 128:
		return fmt.Errorf("the access key %q cannot be sent in a signature: want at most 128 letters and digits", id)
	case IsAccount(id) && id != account:
		return fmt.Errorf("the access key %s reads as an account, and belongs to account %s; choose another id", id, account)
	case !IsAccount(account):
		return fmt.Errorf("%q is not an account: want 12 digits", account)
	}
	k[id] = Credential{Secret: secret, Account: account}
	return nil
}

// Read adds the keys of a file: a line each, ID SECRET [ACCOUNT], where ACCOUNT
// is 12 digits and account stands for one that is not there. Empty lines and
// those that begin with # are passed over. An error names the line.
func (k Keys) Read(file io.Reader, account string) error {
	lines := bufio.NewScanner(file)
	n := 0
	for lines.Scan() {
		n++
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) == 2 {
			words = append(words, account)
		}
		if len(words) != 3 {
			return fmt.Errorf("line %d: want ID SECRET [ACCOUNT]", n)
		}
		if err := k.Add(words[0], words[1], words[2]); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}
