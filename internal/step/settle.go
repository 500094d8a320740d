package step

import (
	"context"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// settle records the jobs that will not start: those that the DAG skips, and those
// whose values cannot be filled in. Each of them may decide others. rec is brought up
// to date.
func (s *Submitter) settle(ctx context.Context, rec *run.Record) error {
	for {
		if err := skip(ctx, s.Runs, rec); err != nil {
			return err
		}
		changed := false
		for _, name := range plan(rec).Start {
			j := rec.Job(name)
			if j == nil {
				continue
			}
			next := s.judge(rec, *j)
			if next.State == j.State {
				continue
			}
			if _, err := s.Runs.ReplaceJob(ctx, rec.Run.ID, next, j.State, j.Attempt); err != nil {
				return err
			}
			*j, changed = next, true
		}
		if !changed {
			return nil
		}
	}
}

// judge returns a job that could start as it is to be recorded.
func (s *Submitter) judge(rec *run.Record, j run.Job) run.Job {
	if err := s.renderable(rec, j); err != nil {
		j.State, j.Class, j.Reason, j.EndedAt = run.JobFailed, job.ClassInvalid, err.Error(), time.Now()
	}
	return j
}

// renderable fills in the job's values and drops them. The job has failed when that is
// not possible; the others go on.
func (s *Submitter) renderable(rec *run.Record, j run.Job) (err error) {
	values := s.values(rec)
	if j.Type == job.Quality {
		_, err = rec.Spec.RenderChecks(values)
	} else {
		_, err = rec.Spec.RenderJob(j.Name, values)
	}
	return err
}

func (s *Submitter) values(rec *run.Record) pipeline.Context {
	return rec.Context(s.Settings.Stage, s.Settings.LakeURIs())
}
