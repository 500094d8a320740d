package simulation

import (
	"slices"
	"strings"

	"ephemr/internal/proof/asl"
	"ephemr/internal/run"
)

// statistics compares what runs have written with the records of it.
func (c *checker) statistics(over []overRun) {
	recorded := map[string]int{} // by run
	for _, it := range c.w.DB.Items(c.w.Settings.RunsTable) {
		if strings.HasPrefix(text(it["pk"]), "STATISTICS#") {
			recorded[text(it["runId"])]++
		}
	}
	for _, x := range over {
		rec := x.rec
		if rec.Run.State != run.Succeeded || !rec.HasWritten() {
			continue
		}
		want, _ := rec.Spec.Written(rec.Context(c.w.Settings)) // addresses that cannot be filled in are not written
		// A run that was cancelled, or passed its deadline, when its last job had just succeeded does not enter CheckData.
		stopped := c.w.Engine.Result(rec.Run.Execution).Status != asl.Succeeded || slices.Contains(x.path, "StopSteps")
		if n := recorded[rec.Run.ID]; n > len(want) || n < len(want) && !stopped {
			c.fail(Statistics, "run %s has %d records of %d datasets that it has written; path %s", rec.Run.ID, n, len(want), strings.Join(x.path, " "))
		}
	}
}
