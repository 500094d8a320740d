// Package step is the DAG engine: it has the jobs of a run submitted when what
// they need has succeeded, each attempt once, and records how attempts ended.
// How an attempt is carried is up to the run's engine.
//
// Tested by statemachines and internal/proof/simulation.
package step

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/decide"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/wait"
)

// PutAPI stores what the runner is to do.
type PutAPI interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Lineage describes attempts for other systems. It logs its errors.
type Lineage interface {
	Try(ctx context.Context, runID string)
}

// Submitter is the SubmitSteps state.
type Submitter struct {
	Settings stage.Settings
	Runs     *store.Runs
	Engines  engine.Set
	S3       PutAPI
	Venvs    *Venvs
	Waker    *wait.Waker
	Lineage  Lineage
	Caller   func(context.Context) string // names the invocation, for intents
}

// SubmitInput is the payload of the SubmitSteps state.
type SubmitInput struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
	Token     string `json:"token"`

	Steps   run.History `json:"steps"`   // what the state answered before
	Retries int         `json:"retries"` // of this invocation
	CleanUp bool        `json:"cleanUp"` // the run was stopped, and its jobs with when: always or failure are left
}

// Submit submits every job that can start and registers the token that is
// answered when a step has ended or no job is left.
func (s *Submitter) Submit(ctx context.Context, in SubmitInput) (struct{}, error) {
	began := time.Now()
	rec, err := s.Runs.Load(ctx, in.RunID)
	if err != nil {
		return struct{}{}, err
	}
	if in.CleanUp {
		if err := decide.CleanUp(ctx, s.Runs, rec, in.Execution); err != nil {
			return struct{}{}, fmt.Errorf("clean up: %w", err)
		}
	}
	if err := rec.RefuseSteps(in.Execution); err != nil {
		return struct{}{}, fmt.Errorf("submit steps: %w", err)
	}
	history, err := rec.Round(in.Steps, in.Retries)
	if err != nil {
		return struct{}{}, err
	}
	c := rec.Cluster()
	if c == nil || c.ID == "" {
		return struct{}{}, fault.New(fault.Internal, "submit steps of %s: it has no cluster", in.RunID)
	}
	values := func() pipeline.Context { return rec.Context(s.Settings) }
	if err := decide.Settle(ctx, s.Runs, rec, values); err != nil {
		return struct{}{}, err
	}
	if err := s.submit(ctx, rec); err != nil {
		return struct{}{}, fmt.Errorf("submit steps of %s to %s: %w", in.RunID, c.ID, err)
	}
	s.Lineage.Try(ctx, in.RunID)
	return struct{}{}, s.Waker.Register(ctx, run.Waiter{
		RunID: in.RunID, Kind: run.ForSteps, Token: in.Token, Execution: in.Execution, ClusterID: c.ID,
		Attempts: attempts(rec), Shared: c.Shared(), Limited: rec.Limited(), Events: history.Events, Since: began, CheckAt: checkAt(rec), Deadline: rec.Run.Ends(),
	}, engine.View{Noted: true})
}

// attempts names those in flight, as rec knows them.
func attempts(rec *run.Record) []string {
	var names []string
	for _, j := range rec.InFlight() {
		names = append(names, j.Step())
	}
	return names
}

// submit claims the jobs that can start and has the engine submit them. The
// engine is called without any, too: it fits the capacity's size to the jobs in
// flight. rec is brought up to date.
func (s *Submitter) submit(ctx context.Context, rec *run.Record) error {
	claimed, err := s.claim(ctx, rec)
	if err != nil {
		return err
	}
	handles, err := s.Engines.Of(rec).Submit(ctx, rec, claimed)
	left, writeErr := submitted(ctx, s.Runs, rec, claimed, handles)
	if err == nil {
		return writeErr
	}
	if lost, ok := errors.AsType[*engine.LostError](err); ok && writeErr == nil {
		return s.lost(ctx, rec, left, lost.Capacity)
	}
	// Without this error an earlier or this call may have submitted the others:
	// their claims are respected until they expire.
	if not, ok := errors.AsType[*engine.NotSubmittedError](err); ok && not.Absent {
		return errors.Join(err, writeErr, s.unclaim(ctx, rec, left))
	} else if ok {
		return errors.Join(err, writeErr, s.release(ctx, rec, left))
	}
	return errors.Join(err, writeErr)
}

// submitted records the attempts that the engine has, and returns the others.
func submitted(ctx context.Context, runs *store.Runs, rec *run.Record, starts []engine.Start, handles []engine.Handle) (left []engine.Start, err error) {
	for _, x := range starts {
		i := slices.IndexFunc(handles, func(h engine.Handle) bool { return h.Job == x.Job.Name })
		if i < 0 || err != nil {
			left = append(left, x)
			continue
		}
		h, j := handles[i], x.Job
		if _, err = runs.SubmittedJob(ctx, rec.Run.ID, *j, h.CapacityID, h.ID); err != nil {
			left = append(left, x)
			continue
		}
		j.State, j.ClusterID, j.StepID = run.JobRunning, h.CapacityID, h.ID
		slog.InfoContext(ctx, "step submitted", "runId", rec.Run.ID, "job", j.Name, "attempt", j.Attempt, "clusterId", h.CapacityID, "stepId", h.ID)
	}
	return left, err
}

// unclaim takes claims back after a refusal. The engine has nothing of them to
// search for, and while calls are throttled none should be wasted.
func (s *Submitter) unclaim(ctx context.Context, rec *run.Record, starts []engine.Start) error {
	var errs []error
	for _, x := range starts {
		next := *x.Job
		next.State, next.Attempt, next.Nonce, next.Intent, next.IntentAt = run.JobPending, x.Job.Attempt-1, "", "", time.Time{}
		_, err := s.Runs.ReplaceJob(ctx, rec.Run.ID, next, run.JobSubmitting, x.Job.Attempt)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// claim writes the intent to submit each job that can start. Those that an
// invocation claimed before which is dead by now may be submitted already.
func (s *Submitter) claim(ctx context.Context, rec *run.Record) (claimed []engine.Start, err error) {
	by, now := s.Caller(ctx), time.Now()
	specs := &specs{Submitter: s, rec: rec}
	for _, j := range startable(rec) {
		next, adopt := *j, j.State == run.JobSubmitting
		if adopt && now.Sub(j.IntentAt) < run.Lease {
			return nil, fault.New(fault.Throttled, "job %s of run %s is already being submitted by another invocation", j.Name, rec.Run.ID)
		}
		if !adopt {
			next.Attempt, next.Nonce = next.Attempt+1, run.NewNonce()
		}
		ok, err := s.Runs.ClaimJob(ctx, rec.Run.ID, next, by, now)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fault.New(fault.Throttled, "job %s of run %s is already being submitted by another invocation", j.Name, rec.Run.ID)
		}
		next.State, next.Intent, next.IntentAt, next.StepID, next.DueAt = run.JobSubmitting, by, now, "", time.Time{}
		*j = next
		claimed = append(claimed, engine.Start{Job: j, Adopt: adopt, Store: func(ctx context.Context) (string, error) { return specs.store(ctx, *j) }})
	}
	return claimed, nil
}

// release gives claims up under which nothing was submitted, so that the next
// try need not wait until they expire.
func (s *Submitter) release(ctx context.Context, rec *run.Record, starts []engine.Start) error {
	var errs []error
	for _, x := range starts {
		errs = append(errs, s.Runs.ReleaseJob(ctx, rec.Run.ID, x.Job.Name, x.Job.Intent))
	}
	return errors.Join(errs...)
}
