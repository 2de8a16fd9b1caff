package app

import (
	"strings"
	"testing"
)

func TestPartOfAnotherProgramStartsNothing(t *testing.T) {
	o := Defaults()
	b := &box{opt: &o}
	if err := b.prepare(t.Context()); err != nil || b.level() != "" {
		t.Errorf("%v, level %q", err, b.level())
	}
	if _, err := b.open(t.Context()); err == nil || !strings.Contains(err.Error(), "part of another program") {
		t.Errorf("%v", err)
	}
}
