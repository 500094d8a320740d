package step

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// plan says what the DAG asks for, given how far rec has come.
func plan(rec *run.Record) pipeline.Plan {
	states := make(map[string]pipeline.JobState, len(rec.Jobs))
	for _, j := range rec.Jobs {
		states[j.Name] = pipeline.JobState(j.State)
		if j.State == run.JobSubmitting {
			states[j.Name] = pipeline.Running
		}
	}
	return pipeline.Next(rec.Spec.AllJobs(), states)
}

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
		if j := rec.Job(name); j != nil {
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
		next.State, next.EndedAt, next.Reason = run.JobSkipped, time.Now(), because(rec, name)
		if _, err := runs.ReplaceJob(ctx, rec.Run.ID, next, run.JobPending, j.Attempt); err != nil {
			return err
		}
		*j = next
	}
	return nil
}

// because names the job whose end is the reason that name is skipped.
func because(rec *run.Record, name string) string {
	for _, j := range rec.Spec.AllJobs() {
		if j.Name != name {
			continue
		}
		for _, need := range j.Needs {
			if n := rec.Job(need); n != nil && n.State.Over() && n.State != run.JobSucceeded {
				return fmt.Sprintf("it needs %s, which is %s", need, n.State)
			}
		}
	}
	return "something it needs did not succeed"
}
