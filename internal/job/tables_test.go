package job_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
)

// Tables fit into a record: what was written comes first, and columns are left out before tables.
func TestTablesFit(t *testing.T) {
	t.Parallel()
	column := job.Column{Name: strings.Repeat("n", 300), Type: "int"}
	all := []job.Table{{Name: "a.read"}, {Name: ""}, {Name: strings.Repeat("x", 600)}, {Name: "a.written", Written: true, Columns: []job.Column{column}}}
	want := []job.Table{{Name: "a.written", Written: true, Columns: []job.Column{{Name: strings.Repeat("n", 100), Type: "int"}}}, {Name: "a.read"}}
	if diff := cmp.Diff(want, job.FitTables(all)); diff != "" {
		t.Error(diff)
	}
	if len(all[3].Columns[0].Name) != 300 {
		t.Error("the argument was changed")
	}
	var many []job.Table
	for i := range 5000 {
		many = append(many, job.Table{Name: fmt.Sprintf("%s.t%d", strings.Repeat("d", 40), i), Columns: []job.Column{column, column, column}})
	}
	kept := job.FitTables(many)
	size := 0
	for _, x := range kept {
		size += len(x.Name)
		for _, c := range x.Columns {
			size += len(c.Name) + len(c.Type)
		}
	}
	if size > 64<<10 || len(kept) < 300 || kept[0].Columns == nil || kept[len(kept)-1].Columns != nil {
		t.Errorf("%d tables of %d bytes", len(kept), size)
	}
}
