package step

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"ephemr/internal/decide"
	"ephemr/internal/engine"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/result"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// Looker finds out how attempts ended and what is left to do.
type Looker struct {
	Runs    *store.Runs
	Engines engine.Set
	Lineage Lineage
}

// Progress is the answer to the SubmitSteps state.
type Progress struct {
	run.History

	JobsLeft bool   `json:"jobsLeft"`
	Next     string `json:"next"` // one of the constants below
}

// What the run does after a round.
const (
	NextSteps  = "steps"
	NextFinish = "finish"
	NextHold   = "hold"  // it waits for a person, without a cluster
	NextCheck  = "check" // its data is to be looked at
	NextKeep   = "keep"  // it waits for a person, and keeps its cluster

	NextPublish = "publish" // everything has succeeded
)

func next(rec *run.Record) string {
	switch {
	case rec.HasWritten():
		return NextCheck
	case rec.ToPublish():
		return NextPublish
	case decide.Over(rec):
		return NextFinish
	case decide.Held(rec) && decide.Kept(rec):
		return NextKeep
	case decide.Held(rec):
		return NextHold
	}
	return NextSteps
}

// Look brings the jobs of rec up to date and answers when there is something to
// submit, or when nothing is in flight or delayed any more.
func (l *Looker) Look(ctx context.Context, rec *run.Record, v engine.View) (*wait.Answer, error) {
	if err := l.settle(ctx, rec, v); err != nil {
		return nil, err
	}
	if err := decide.Expire(ctx, l.Runs, rec); err != nil {
		return nil, err
	}
	if err := decide.Skip(ctx, l.Runs, rec); err != nil {
		return nil, err
	}
	if (len(rec.InFlight()) > 0 || !nextDue(rec).IsZero()) && len(startable(rec)) == 0 && !refit(rec) {
		return nil, l.shrink(ctx, rec)
	}
	return &wait.Answer{Output: Progress{JobsLeft: !decide.Over(rec), Next: next(rec), History: run.History{Events: rec.Waiter.Events}}}, nil
}

// shrink records in rec's waiter that a single attempt is left in flight: while that
// keeps its capacity busy, the tick has nothing to ask.
func (l *Looker) shrink(ctx context.Context, rec *run.Record) error {
	flying := attempts(rec)
	if len(flying) != 1 || len(rec.Waiter.Attempts) == 1 {
		return nil
	}
	return l.Runs.WaitFor(ctx, *rec.Waiter, flying, checkAt(rec))
}

// refit reports whether an attempt that rec's waiter knew to be in flight is over
// and the capacity may be too large for the others.
func refit(rec *run.Record) bool {
	flying := attempts(rec)
	return rec.Spec.Resizes() && slices.ContainsFunc(rec.Waiter.Attempts, func(a string) bool { return !slices.Contains(flying, a) })
}

// settle asks the engine about the attempts in flight and records how they ended.
func (l *Looker) settle(ctx context.Context, rec *run.Record, v engine.View) error {
	if len(rec.InFlight()) == 0 {
		return nil
	}
	all, capacity, err := l.Engines.Of(rec).Attempts(ctx, rec, v)
	ended := false
	for _, a := range all {
		if !a.Over {
			continue
		}
		ended = true
		if err := l.record(ctx, rec, *rec.Job(a.Job), a); err != nil {
			return err
		}
	}
	if ended {
		l.Lineage.Try(ctx, rec.Run.ID)
	}
	if err != nil {
		return err
	}
	if capacity.State == engine.Gone {
		return abandon(ctx, l.Runs, rec, capacity)
	}
	return nil
}

// concealed is a without the values of sensitive params, which a runner does not mask if
// they are short, or if it is of an older version.
func concealed(a engine.Attempt, secrets map[string]string) engine.Attempt {
	a.Reason, a.Tail = pipeline.HideValues(a.Reason, secrets), result.ConcealLines(a.Tail, secrets)
	if a.Result != nil {
		r := *a.Result
		r.Cause, r.Tail, r.Background = pipeline.HideValues(r.Cause, secrets), result.ConcealLines(r.Tail, secrets), result.ConcealLines(r.Background, secrets)
		r.Checks, r.Tables = result.Conceal(r.Checks, secrets), result.ConcealTables(r.Tables, secrets)
		a.Result = &r
	}
	return a
}

// record writes the verdict on j's newest attempt and, where the class is
// worth it, plans another.
func (l *Looker) record(ctx context.Context, rec *run.Record, j run.Job, a engine.Attempt) error {
	a = concealed(a, rec.Run.Secrets)
	next := j
	next.State, next.Class, next.Reason, next.EndedAt = run.JobSucceeded, a.Class, a.Reason, time.Now()
	next.ExitCode, next.Outputs, next.Tail, next.Findings, next.Tables = nil, nil, a.Tail, nil, nil
	next.LogsCut = a.Result != nil && a.Result.LogsCut
	next.Background, next.StepEnd, next.Cause = nil, nil, ""
	next.NothingToDo = a.Class == "" && a.Result != nil && a.Result.NothingToDo
	if r := a.Result; r != nil {
		next.ExitCode, next.Outputs, next.Tail, next.Findings, next.Tables = &r.ExitCode, r.Outputs, r.Tail, r.Checks, r.Tables
		next.StartedAt, next.EndedAt, next.Background = r.StartedAt, r.EndedAt, r.Background
		next.Cause = r.Cause
	}
	if a.Class != "" {
		next.State = run.JobFailed
		if a.Class == job.ClassCancelled {
			next.State = run.JobCancelled
		}
		if run.Retryable(a.Class) && j.Attempt-j.Base <= retries(rec, j.Name) {
			next.State, next.DueAt = run.JobPending, dueAt(rec, j)
			next.Earlier = append(slices.Clone(j.Earlier), next.Past())
		}
	}
	ok, err := l.Runs.ReplaceJob(ctx, rec.Run.ID, next, run.JobRunning, j.Attempt)
	if err != nil {
		return err
	}
	if ok {
		slog.InfoContext(ctx, "attempt ended", "runId", rec.Run.ID, "job", j.Name, "attempt", j.Attempt,
			"state", string(next.State), "class", string(a.Class), "reason", a.Reason)
	}
	*rec.Job(j.Name) = next // an invocation that was faster saw the same evidence
	return nil
}

func retries(rec *run.Record, name string) int {
	if rec.Spec == nil {
		return 0
	}
	for _, j := range rec.Spec.Jobs {
		if j.Name == name {
			return j.Retries
		}
	}
	return 0
}
