package bus

import (
	"slices"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/delivery"
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

// What a server of before there were tables left in the store.
func TestRecordsWithoutAVersionAreRead(t *testing.T) {
	h := newHouse(t)
	h.ok(h.store.Update(t.Context(), func(tx store.Tx) error {
		for key, value := range map[string]string{
			"bus/born":                                   "2026-01-02T03:04:05Z",
			"bus/bus/111122223333/eu-central-1/b":        `{"Account":"111122223333","Region":"eu-central-1","Name":"b","Description":"d","Tags":[{"Key":"k","Value":"v"}],"Created":"2026-01-02T03:04:05Z","Modified":"2026-01-02T03:04:05Z"}`,
			"bus/rule/111122223333/eu-central-1/b/r":     `{"Account":"111122223333","Region":"eu-central-1","Bus":"b","Name":"r","Pattern":"{\"source\":[\"a\"]}","State":"ENABLED","CreatedBy":"111122223333"}`,
			"bus/target/111122223333/eu-central-1/b/r/x": `{"Account":"111122223333","Region":"eu-central-1","Bus":"b","Rule":"r","Target":{"ID":"x","ARN":"arn:aws:sqs:eu-central-1:111122223333:x"},"Lane":7}`,
			"bus/target/111122223333/eu-central-1/b/r/y": `{"Account":"111122223333","Region":"eu-central-1","Bus":"b","Rule":"r","Target":{"ID":"y","ARN":"arn:aws:sqs:eu-central-1:111122223333:y"},"Lane":8}`,
		} {
			if err := tx.Put([]byte(key), []byte(value)); err != nil {
				return err
			}
		}
		return nil
	}))
	for range 2 {
		h.reopen()
		want := []delivery.Lane{7, 8}
		h.outbox.items = nil
		h.put(Entry{Bus: "b", Entry: entry("a").Entry})
		if got := h.outbox.items[0].Lanes; !slices.Equal(got, want) {
			t.Errorf("an event goes to %v; want %v", got, want)
		}
		b, err := h.DescribeEventBus(home, "b")
		if err != nil || b.Description != "d" || b.Created.Year() != 2026 {
			t.Errorf("%+v, %v", b, err)
		}
		// And then as a server with tables writes them.
		h.ok(h.DisableRule(t.Context(), home, "b", "r"))
		h.ok(h.EnableRule(t.Context(), home, "b", "r"))
		h.ok(h.TagResource(t.Context(), home, b.ARN, []Tag{{"k", "w"}}))
	}
}
