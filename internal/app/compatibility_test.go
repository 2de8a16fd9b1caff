package app

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dari-bus/dari/internal/wire"
)

var update = flag.Bool("update", false, "write the generated documents anew")

// openForTest opens an app that keeps everything in memory, with options changed.
func openForTest(t *testing.T, change ...func(*Options)) *App {
	t.Helper()
	opt := Defaults()
	opt.Listen, opt.Ephemeral, opt.Log = "127.0.0.1:0", true, slog.New(slog.DiscardHandler)
	// What must hold between accounts must hold with the laxer setting, too.
	opt.EnforcePolicies = false
	for _, fn := range change {
		fn(&opt)
	}
	a, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestGeneratedCompatibilityIsUpToDate(t *testing.T) {
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	got := compatibility(a.services())
	file := filepath.Join("..", "..", "docs", "compatibility.md")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/compatibility.md is out of date; write it anew with make gen\n%s", diff)
	}
}

// as-aws 21: what is different from AWS stands where users look, and a new
// service cannot forget to say it.
func TestEveryServiceSaysItsQuotasAndDeviations(t *testing.T) {
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	page := string(compatibility(a.services()))
	sentences := wire.Deviations()
	for _, s := range a.services() {
		if s.Quotas == nil || s.Deviations == nil {
			t.Errorf("%s does not say its quotas or what is different from AWS; if there is nothing to say, say so with an empty list", s.Title)
		}
		sentences = slices.Concat(sentences, s.Quotas, s.Deviations)
	}
	sentences = append(sentences, "there is no QueueDeletedRecently", "Attributes take effect at once", "queues of one name in two regions have one URL")
	for _, one := range sentences {
		if !strings.Contains(page, one) || strings.Contains(one, "\n") {
			t.Errorf("the page lacks a line with %q", one)
		}
	}
}

// compatibility prints the tables of operations, and what they do not tell.
func compatibility(services []*wire.Service) []byte {
	var b bytes.Buffer
	b.WriteString("# Compatibility\n\nEvery operation of each API, as the server has it, and what is different from AWS. " +
		"This page is generated from its tables: `make gen`.\n\nOf all APIs:\n\n")
	list(&b, wire.Deviations())
	for _, s := range services {
		names := make([]string, len(s.Protocols))
		for i, p := range s.Protocols {
			names[i] = p.Name()
		}
		offered := 0
		for _, o := range s.Operations {
			if o.Refused == "" {
				offered++
			}
		}
		fmt.Fprintf(&b, "\n## %s\n\nAPI version %s over %s. %d of %d operations are offered.\n\n| operation | |\n|---|---|\n",
			s.Title, s.Version, strings.Join(names, ", "), offered, len(s.Operations))
		for _, o := range slices.SortedFunc(slices.Values(s.Operations), func(x, y wire.Operation) int { return strings.Compare(x.Name, y.Name) }) {
			says := "offered"
			if o.Refused != "" {
				says = "refused: " + o.Refused
			}
			fmt.Fprintf(&b, "| %s | %s |\n", o.Name, says)
		}
		if len(s.Quotas) > 0 {
			b.WriteString("\n### Quotas\n\n")
			list(&b, s.Quotas)
		}
		if len(s.Deviations) > 0 {
			b.WriteString("\n### Different from AWS\n\n")
			list(&b, s.Deviations)
		}
	}
	return b.Bytes()
}

func list(b *bytes.Buffer, sentences []string) {
	for _, s := range sentences {
		fmt.Fprintf(b, "* %s\n", s)
	}
}
