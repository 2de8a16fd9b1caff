package eventsapi

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/wire"
)

func TestTableHasAllOperationsOnceByName(t *testing.T) {
	rows := API(nil, nil).Operations
	if len(rows) != 57 {
		t.Errorf("%d rows; EventBridge has 57 operations", len(rows))
	}
	for i, r := range rows {
		if i > 0 && rows[i-1].Name >= r.Name {
			t.Errorf("%s stands after %s", r.Name, rows[i-1].Name)
		}
	}
}

func TestAnswersHaveTheBodyKindOfAWS(t *testing.T) {
	none := map[string]bool{"DeleteEventBus": true, "DeleteRule": true, "DisableRule": true, "EnableRule": true, "PutPermission": true, "RemovePermission": true}
	empty := map[string]bool{"DeleteApiDestination": true, "TagResource": true, "UntagResource": true}
	for _, r := range API(nil, nil).Operations {
		if r.Refused != "" {
			continue
		}
		if got := r.Out == reflect.TypeFor[wire.None](); got != none[r.Name] {
			t.Errorf("%s has an empty body: %v", r.Name, got)
		}
		if got := r.Out == reflect.TypeFor[wire.Empty](); got != empty[r.Name] {
			t.Errorf("%s answers {}: %v", r.Name, got)
		}
	}
}

func TestRefusedOperationsSayWhy(t *testing.T) {
	h := openHouse(t)
	for _, r := range API(nil, nil).Operations {
		if r.Refused == "" {
			continue
		}
		want := "dari does not offer " + r.Name + ": " + r.Refused
		if status, body := h.call(r.Name, `{}`); status != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s; want %s", r.Name, status, body, want)
		}
	}
}
