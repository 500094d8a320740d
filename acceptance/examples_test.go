package acceptance_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/run"
)

// The smallest DAG: outputs of two jobs are the arguments of a third.
func TestAddition(t *testing.T) {
	t.Parallel()
	w.ephemr(t, "apply", "pipelines/addition.yaml")
	id := w.ephemr(t, "start", "addition", "--param", "first=19", "--param", "second=-61")
	rec := w.good(t, strings.TrimSpace(id))
	got := map[string]string{}
	for _, j := range rec.Jobs {
		for key, value := range j.Outputs {
			got[j.Name+"."+key] = value
		}
	}
	if diff := cmp.Diff(map[string]string{"left.number": "19", "right.number": "-61", "sum.sum": "-42"}, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// The checks of the example find every fault that was planted, and none in a dataset without.
func TestSyntheticQuality(t *testing.T) {
	t.Parallel()
	rows := 100_000
	if *examples {
		rows = 5_000_000
	}
	w.ephemr(t, "apply", "pipelines/synthetic-quality.yaml")
	prefix := "synthetic-" + nonce + "/"
	var planted struct {
		Duplicates int
		Files      int
		Nulls      map[string]int
	}
	report := w.ephemr(t, "generate", "orders", "--rows", strconv.Itoa(rows), "--nulls", "1%", "--duplicates", "0.1%", "--json", "-o", "s3://raw/"+prefix)
	if err := json.Unmarshal([]byte(report), &planted); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"unique order_id":                fmt.Sprintf("%d of %d rows repeat another", planted.Duplicates, rows),
		fmt.Sprintf("rows = %d", rows+1): fmt.Sprintf("%d rows in %d files", rows, planted.Files),
	}
	for column, n := range planted.Nulls {
		want["column "+column+" has no nulls"] = fmt.Sprintf("%d nulls in %d rows", n, rows)
	}
	check := []string{"start", "synthetic-quality", "--param", "dataset=" + prefix, "--param"}
	rec := w.end(t, strings.TrimSpace(w.ephemr(t, append(check, "rows="+strconv.Itoa(rows+1))...)))
	if diff := cmp.Diff(want, faults(rec)); diff != "" || rec.Run.Class != job.ClassData || len(want) < 5 {
		t.Errorf("%s, %s: faults (-planted +found):\n%s", rec.Run.Class, rec.Run.Reason, diff)
	}
	t.Logf("%d rows: checked in %.1f s", rows, rec.Job("checks").EndedAt.Sub(rec.Job("checks").StartedAt).Seconds())

	w.ephemr(t, "generate", "orders", "--rows", "1000", "--overwrite", "-o", "s3://raw/"+prefix)
	if found := faults(w.good(t, strings.TrimSpace(w.ephemr(t, append(check, "rows=1000")...)))); len(found) != 0 {
		t.Errorf("faults in a dataset without: %v", found)
	}
}

// faults are the checks of a run that failed: what they have found.
func faults(rec *run.Record) map[string]string {
	found := map[string]string{}
	for _, f := range rec.Job("checks").Findings {
		if !f.OK {
			found[f.Expect] = f.Found
		}
	}
	return found
}
