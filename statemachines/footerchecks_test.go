package statemachines_test

import (
	"strings"
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// footed has checks that footers decide.
var footed = strings.ReplaceAll(drifting, `drift: {rows: 30%, against: 3}SEVERITY`, `rows: ">= 10", files: "= 1", columns: {id: long, price: double}`)

// Checks that listings and footers decide are no job: the cluster executes nothing for them.
func TestFooterChecksNeedNoJob(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(footed)
		for date, rows := range map[string]int{"2026-01-01": 10, "2026-01-02": 9} {
			want := ended{Path: path(begin, round, "CheckData Checked", good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}
			if rows < 10 {
				want = ended{Path: path(begin, round, "CheckData Checked", bad), State: run.Failed, Class: job.ClassData, Jobs: "a=SUCCEEDED", Clusters: 1}
			}
			got, id := dated(t, w, date, rows)
			compare(t, w, id, want, got)
			all := w.Record(id).AllFindings()
			if len(all) != 6 || all[0].Source != job.SourceFooter || all[1].Source != job.SourceListing {
				t.Errorf("found %+v", all)
			}
		}
	})
}

// Checks that could not be evaluated do not pass.
func TestFooterChecksAreNotLeftOut(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(footed)
		all := make([]error, 50)
		for i := range all {
			all[i] = errLost
		}
		w.S3.FailNext("ListObjectsV2", all...)
		got, id := dated(t, w, "2026-01-01", 100)
		compare(t, w, id, ended{Path: path(begin, round, "CheckData Checked", bad), State: run.Failed, Class: job.ClassData, Jobs: "a=SUCCEEDED", Clusters: 1}, got)
	})
}
