package step

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// plan says what the DAG asks for, given how far rec has come.
func plan(rec *run.Record) pipeline.Plan { return pipeline.Next(rec.Spec.AllJobs(), rec.States()) }

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
	for _, name := range plan(rec).Start {
		if j := rec.Job(name); j != nil && !time.Now().Before(j.DueAt) {
			jobs = append(jobs, j)
		}
	}
	if c := rec.Cluster(); c != nil && c.Shared() { // other runs have steps there: keep to the lease
		jobs = jobs[:min(len(jobs), max(0, c.Steps-len(rec.InFlight())-len(unsure)))]
	}
	return append(jobs, unsure...)
}

// skip records the jobs that can never start, and brings rec up to date.
func skip(ctx context.Context, runs *store.Runs, rec *run.Record) error {
	for _, name := range plan(rec).Skip {
		j := rec.Job(name)
		if j == nil {
			continue
		}
		next := *j
		next.State, next.EndedAt = run.JobSkipped, time.Now()
		next.Reason, next.Unneeded = because(rec, name)
		if _, err := runs.ReplaceJob(ctx, rec.Run.ID, next, run.JobPending, j.Attempt); err != nil {
			return err
		}
		*j = next
	}
	return nil
}

// because returns why a job is skipped, and whether that is no failure: nothing that
// it needs has failed.
func because(rec *run.Record, name string) (reason string, unneeded bool) {
	jobs := rec.Spec.AllJobs()
	i := slices.IndexFunc(jobs, func(j pipeline.Job) bool { return j.Name == name })
	failed := pipeline.FailedAbove(jobs, rec.States(), name)
	switch {
	case i < 0:
		return "the pipeline has no such job", false
	case jobs[i].When == pipeline.OnFailure:
		return "nothing that it needs failed", true
	}
	for _, need := range jobs[i].Needs {
		n := rec.Job(need)
		if n != nil && n.State.Over() && n.State != run.JobSucceeded && (failed == "" || !n.Unneeded) {
			return fmt.Sprintf("it needs %s, which is %s", need, n.State), failed == ""
		}
	}
	if failed != "" {
		return "it needs " + failed + ", which did not succeed", false
	}
	return "something it needs did not succeed", true
}
