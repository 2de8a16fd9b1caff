package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThePartsOfTheMemoryAreInTheDocs(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range memoryParts {
		if row := fmt.Sprintf("| %s | %d %% | %s |", p.Name, p.Percent, p.What); !strings.Contains(string(text), row) {
			t.Errorf("docs/performance.md lacks the row\n%s", row)
		}
	}
}
