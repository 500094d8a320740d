package step

import (
	"time"

	"ephemr/internal/decide"
	"ephemr/internal/run"
)

// startable returns the jobs to submit: those that the DAG has reached, and those
// that an earlier invocation claimed without recording the outcome.
func startable(rec *run.Record) []*run.Job {
	var unsure []*run.Job
	for i := range rec.Jobs {
		if rec.Jobs[i].State == run.JobSubmitting {
			unsure = append(unsure, &rec.Jobs[i])
		}
	}
	var jobs []*run.Job
	for _, name := range decide.Plan(rec).Start {
		if j := rec.Job(name); j != nil && !j.Awaiting() && !time.Now().Before(j.DueAt) {
			jobs = append(jobs, j)
		}
	}
	if c := rec.Cluster(); c != nil && c.Shared() { // other runs have steps there: keep to the lease
		jobs = jobs[:min(len(jobs), max(0, c.Steps-len(rec.InFlight())-len(unsure)))]
	}
	return append(jobs, unsure...)
}
