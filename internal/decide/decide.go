// Package decide determines which jobs of a run can start and records those that never
// will: what the DAG skips, whose condition is false, and whose values cannot be filled
// in.
//
// Tested by statemachines and internal/proof/simulation.
package decide

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// Plan says what the DAG asks for, given how far rec has come.
func Plan(rec *run.Record) pipeline.Plan { return pipeline.Next(rec.Spec.AllJobs(), rec.States()) }

// Settle records the jobs that will not start. Each of them may decide others, so it
// looks until nothing changes. values are those of templates, given how far rec has
// come. rec is brought up to date.
func Settle(ctx context.Context, runs *store.Runs, rec *run.Record, values func() pipeline.Context) error {
	for {
		if err := Skip(ctx, runs, rec); err != nil {
			return err
		}
		changed := false
		for _, name := range Plan(rec).Start {
			j := rec.Job(name)
			if j == nil {
				continue
			}
			settled, err := settle(ctx, runs, rec, j, values())
			if err != nil {
				return err
			}
			changed = changed || settled
		}
		if !changed {
			return nil
		}
	}
}

// settle records a job that could start if it will not, and its approval if it waits for
// one. settled reports whether the state of the job has changed.
func settle(ctx context.Context, runs *store.Runs, rec *run.Record, j *run.Job, values pipeline.Context) (settled bool, err error) {
	next := judge(rec, *j, values)
	if next.State != j.State {
		return true, replace(ctx, runs, rec, next)
	}
	if next.Approval != nil && j.Approval == nil {
		return false, ask(ctx, runs, rec, j, *next.Approval)
	}
	return false, nil
}

// Over reports whether every job of rec is over.
func Over(rec *run.Record) bool {
	return !slices.ContainsFunc(rec.Jobs, func(j run.Job) bool { return !j.State.Over() })
}

// Skip records the jobs that the DAG skips, and brings rec up to date.
func Skip(ctx context.Context, runs *store.Runs, rec *run.Record) error {
	for _, name := range Plan(rec).Skip {
		if j := rec.Job(name); j != nil {
			reason, unneeded := because(rec, name)
			if err := replace(ctx, runs, rec, skipped(*j, reason, unneeded)); err != nil {
				return err
			}
		}
	}
	return nil
}

func skipped(j run.Job, reason string, unneeded bool) run.Job {
	j.State, j.Reason, j.Unneeded, j.EndedAt = run.JobSkipped, reason, unneeded, time.Now()
	return j
}

// replace records next over a pending job. Another invocation that was faster has
// decided the same.
func replace(ctx context.Context, runs *store.Runs, rec *run.Record, next run.Job) error {
	j := rec.Job(next.Name)
	if _, err := runs.ReplaceJob(ctx, rec.Run.ID, next, run.JobPending, j.Attempt); err != nil {
		return err
	}
	*j = next
	return nil
}

// judge returns a job that could start as it is to be recorded.
func judge(rec *run.Record, j run.Job, values pipeline.Context) run.Job {
	if onlyCleaning(rec, j.Name) {
		return skipped(j, "no other job was needed", true)
	}
	holds, err := rec.Spec.Holds(j.Name, values)
	switch {
	case err != nil:
	case !holds:
		return skipped(j, "its condition is false: "+condition(rec, j.Name), true)
	default:
		err = render(rec, j, values)
	}
	if err == nil && j.Approval == nil {
		j.Approval, err = approval(rec, j, values)
	}
	if err != nil {
		j.State, j.Class, j.Reason, j.EndedAt = run.JobFailed, job.ClassInvalid, err.Error(), time.Now()
	}
	return j
}

func condition(rec *run.Record, name string) string {
	i := slices.IndexFunc(rec.Spec.Jobs, func(j pipeline.Job) bool { return j.Name == name })
	return rec.Spec.Jobs[i].If
}

// render fills in the job's values and drops them: a job for which that is not possible
// has failed, and the others go on.
func render(rec *run.Record, j run.Job, values pipeline.Context) (err error) {
	if j.Type == job.Quality {
		_, err = rec.Spec.RenderChecks(values)
	} else {
		_, err = rec.Spec.RenderJob(j.Name, values)
	}
	return err
}

// onlyCleaning reports whether a job would clean up although no job was needed whose
// work it could follow. A cluster is not acquired for that alone.
func onlyCleaning(rec *run.Record, name string) bool {
	following := rec.Spec.Following()
	return following[name] && !slices.ContainsFunc(rec.Jobs, func(j run.Job) bool { return !following[j.Name] && !j.Unneeded })
}

// because returns why the DAG skips a job, and whether that is no failure: nothing that
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
