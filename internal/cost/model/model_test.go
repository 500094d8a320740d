package model_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cost/model"
	"ephemr/internal/cost/prices"
)

var update = flag.Bool("update", false, "rewrite the table in docs/operating.md")

const page = "../../../docs/operating.md"

// Marks around the table.
const (
	begin = "<!-- cost model: go test ./internal/cost/model -update -->\n"
	end   = "<!-- end of the cost model -->\n"
)

func table() string {
	text := "\n| runs a day | clusters | on pools | control | endpoints | with NAT | total, no NAT | total, NAT | a run |\n|---|---|---|---|---|---|---|---|---|\n"
	for _, runs := range []int{100, 1_000, 10_000} {
		m := model.Of(runs)
		without, with := m.Clusters+m.Control+m.Private, m.Clusters+m.Control+m.NAT
		text += fmt.Sprintf("| %d | $%.0f | $%.0f | $%.0f | $%.0f | $%.0f | $%.0f | $%.0f | $%.4f |\n",
			runs, m.Clusters, m.Pooled, m.Control, m.Private, m.NAT, without, with, with/float64(runs*model.Days))
	}
	return text + "\n"
}

// The table of docs/operating.md is what the price table and the arithmetic of runs say.
func TestCostModel(t *testing.T) {
	t.Parallel()
	if _, known := prices.Of(prices.Default).Types[model.Type]; !known {
		t.Fatalf("%s has no price", model.Type)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(text, []byte(begin))
	written, after, ended := bytes.Cut(rest, []byte(end))
	if !found || !ended {
		t.Fatalf("%s has no marks for the cost model", page)
	}
	if *update {
		all := bytes.Join([][]byte{before, []byte(begin), []byte(table()), []byte(end), after}, nil)
		if err := os.WriteFile(page, all, 0o600); err != nil { //nolint:gosec // of this repository
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(table(), string(written)); diff != "" {
		t.Errorf("rewrite %s with -update (-want +got):\n%s", page, diff)
	}
}
