package bus

import (
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/store"
)

func TestOpenNamesTheRecordThatIsBroken(t *testing.T) {
	for key, value := range map[string]string{
		"bus/born":                                     "yesterday",
		"bus/bus/111122223333/eu-central-1/b":          `{"Policy":"{"}`,
		"bus/rule/111122223333/eu-central-1/b/r":       `{"Pattern":"[]"}`,
		"bus/rule/111122223333/eu-central-1/default/r": `{"Schedule":"now"}`,
		"bus/target/111122223333/eu-central-1/b/r/x":   `{"Rule":"r"}`,
		"bus/target/111122223333/eu-central-1/b/r/y":   `{`,
	} {
		h := newHouse(t)
		h.ok(h.store.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) }))
		_, err := Open(t.Context(), h.opt)
		if err == nil || !strings.HasPrefix(err.Error(), "open the buses: "+key+": ") {
			t.Errorf("error %v; want it to name %s", err, key)
		}
	}
}
