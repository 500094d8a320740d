package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"ephemr/events"
	"ephemr/internal/admission"
	"ephemr/internal/decide"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/loop"
	"ephemr/internal/outbox"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/secretcheck"
	"ephemr/internal/stage"
)

// Preparer is the PrepareRun state: it associates an execution with its run. A
// manual execution becomes a run here, by the same rules as other requests.
type Preparer struct {
	Settings  stage.Settings
	Runs      *store.Runs
	Pipelines Pipelines
	Users     Users
	Engines   engine.Catalog
	Admission *admission.Admitter
	Loops     *loop.Guard
	S3        ListAPI       // finds out whether objects of runs still exist
	Notices   *outbox.Store // report rejected executions to owners of pipelines
	Secrets   *secretcheck.Checker
	Lineage   Lineage
	Tables    Tables
}

// Tables refuses a run that is to publish to an Iceberg table to whose branches Spark would not write.
type Tables interface {
	Ready(ctx context.Context, rec *run.Record) error
}

// Lineage describes runs for other systems. It logs its errors.
type Lineage interface {
	Try(ctx context.Context, runID string)
}

// Execution is the context of a state machine's execution.
type Execution struct {
	Execution string          `json:"execution"` // ARN
	Name      string          `json:"name"`
	StartedAt time.Time       `json:"startedAt"`
	Input     json.RawMessage `json:"input"`
}

// Prepared is the output of the state.
type Prepared struct {
	RunID string `json:"runId"`
	Next  string `json:"next"` // what the run does next: one of the constants below
}

// What a run does when it has been prepared.
const (
	NextCluster = "cluster" // it needs one
	NextFinish  = "finish"  // its conditions leave no job to run
	NextCheck   = "check"   // its jobs succeeded before it was retried; its data is to be looked at again
	NextObjects = "objects" // it waits for objects first
	NextHold    = "hold"    // it waits for a person first
	NextPublish = "publish" // all of its jobs have succeeded before it was retried
)

// RunID is the id of e's run, or of the run that e was to become. For a manual
// execution it depends on the execution only, so that each caller gets the same.
func (e Execution) RunID() string {
	m, err := e.manual()
	if err == nil && m.RunID != "" {
		return m.RunID
	}
	name := "manual"
	if err == nil {
		name = (&invalidError{pipeline: m.Pipeline}).pipelineOr(name)
	}
	logical, timeErr := logicalTime(m.LogicalTime, e.StartedAt)
	if timeErr != nil {
		logical = e.StartedAt
	}
	return run.ID(name, logical, run.ByManual, e.Execution)
}

func (e Execution) manual() (events.Manual, error) {
	var m events.Manual
	if err := pipeline.DecodeJSON(e.Input, &m); err != nil {
		_ = json.Unmarshal(e.Input, &m) // what can be read says which pipeline it was for
		m.RunID = ""
		return m, fault.New(fault.InvalidInput, `read input of the execution: %w; example: {"pipeline": "flights-daily", "params": {}}`, err)
	}
	if m.LogicalTime == "" {
		m.LogicalTime = m.LogicalDate
	}
	return m, nil
}

// Prepare makes the run RUNNING and plans its jobs.
func (p *Preparer) Prepare(ctx context.Context, e Execution) (Prepared, error) {
	m, err := e.manual()
	if err != nil {
		return Prepared{}, p.reject(ctx, e, m, err)
	}
	if m.RunID == "" {
		if err := p.adopt(ctx, e, m); err != nil {
			return Prepared{}, err
		}
	}
	id := e.RunID()
	rec, err := p.Runs.Load(ctx, id)
	if err != nil {
		return Prepared{}, err
	}
	if err := rec.Incomplete(); err != nil {
		return Prepared{}, err
	}
	if !rec.Run.Owns(e.Execution) {
		return Prepared{}, fault.New(fault.Conflict, "run %s is %s and does not belong to this execution", id, rec.Run.State)
	}
	if err := p.admit(ctx, rec.Run, e); err != nil {
		return Prepared{}, err
	}
	if err := p.start(ctx, rec, e); err != nil {
		return Prepared{}, err
	}
	p.Lineage.Try(ctx, id)
	next, err := p.next(ctx, id)
	return Prepared{RunID: id, Next: next}, err
}

// admit gives a slot to a queued run whose execution has begun already. The error is
// fault.NotReady while there is none.
func (p *Preparer) admit(ctx context.Context, r run.Run, e Execution) error {
	if r.State != run.Queued || r.Execution != e.Execution {
		return nil
	}
	full, _, err := p.Admission.One(ctx, r)
	if err != nil {
		return err
	}
	if full != nil {
		return fault.New(fault.NotReady, "run %s waits for a slot: a limit is reached", r.ID)
	}
	return nil
}

// next decides what can be decided before the run has a cluster, and whether it needs
// one.
func (p *Preparer) next(ctx context.Context, id string) (string, error) {
	rec, err := p.Runs.Load(ctx, id)
	if err != nil {
		return "", err
	}
	values := func() pipeline.Context { return rec.Context(p.Settings) }
	if err := decide.Settle(ctx, p.Runs, rec, values); err != nil {
		return "", err
	}
	if rec.HasWritten() {
		return NextCheck, nil
	}
	if rec.ToPublish() {
		return NextPublish, nil
	}
	if decide.Over(rec) {
		return NextFinish, nil
	}
	if decide.Held(rec) {
		return NextHold, nil
	}
	if rec.Spec.WaitFor != nil {
		return NextObjects, nil
	}
	return NextCluster, nil
}

func (p *Preparer) start(ctx context.Context, rec *run.Record, e Execution) error {
	now := time.Now()
	ok, err := p.Runs.Start(ctx, rec.Run, e.Execution, now, now.Add(p.Settings.Limits.Deadline.Std()))
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Conflict, "run %s is %s and does not belong to this execution", rec.Run.ID, rec.Run.State)
	}
	if err := p.refuse(ctx, rec, e); err != nil {
		return err
	}
	var jobs []run.Job
	for _, j := range rec.Spec.AllJobs() {
		jobs = append(jobs, run.Job{Name: j.Name, Type: j.Type, State: run.JobPending, Restart: rec.Run.Restarts})
	}
	if err := p.Runs.PlanJobs(ctx, rec.Run.ID, jobs); err != nil {
		return err
	}
	slog.InfoContext(ctx, "run prepared", "runId", rec.Run.ID, "jobs", len(jobs))
	return nil
}

// refuse refuses a run that is not to have capacity.
func (p *Preparer) refuse(ctx context.Context, rec *run.Record, e Execution) error {
	// The stage may have changed since the run was requested.
	if err := rec.Spec.CheckValues(rec.Context(p.Settings)); err != nil {
		return fault.New(fault.InvalidInput, "%w", err)
	}
	if err := p.present(ctx, rec); err != nil {
		return err
	}
	if err := p.follow(ctx, rec, e); err != nil {
		return err
	}
	if err := p.secrets(ctx, rec); err != nil {
		return err
	}
	return p.Tables.Ready(ctx, rec)
}

// follow refuses a run that its own pipeline has started, and records from which run it
// follows otherwise.
func (p *Preparer) follow(ctx context.Context, rec *run.Record, e Execution) error {
	chain, err := p.Loops.Check(ctx, rec)
	if chain == nil || err != nil {
		return err
	}
	r := rec.Run
	r.Execution = e.Execution
	return p.Runs.Follow(ctx, r, *chain)
}

// secrets refuses a run whose jobs cannot have their secrets.
func (p *Preparer) secrets(ctx context.Context, rec *run.Record) error {
	uses := rec.Spec.SecretUses(rec.Context(p.Settings))
	if len(uses) == 0 {
		return nil
	}
	reader := secretcheck.Reader{User: rec.Run.User, Patterns: p.Settings.Secrets}
	if reader.User != "" {
		policy, err := p.Users.Policy(ctx)
		if err != nil {
			return err
		}
		reader.Patterns = policy.Users[reader.User].Secrets
	}
	return p.Secrets.Refuse(ctx, uses, reader)
}

// adopt turns a manual execution into a queued run.
func (p *Preparer) adopt(ctx context.Context, e Execution, m events.Manual) error {
	logical, err := logicalTime(m.LogicalTime, e.StartedAt)
	if err != nil {
		return p.reject(ctx, e, m, fault.New(fault.InvalidInput, "%w", err))
	}
	requested, err := RunRequest{
		Pipeline: m.Pipeline, Params: m.Params, Logical: logical, IsDate: run.IsDate(m.LogicalTime), RequestedAt: e.StartedAt,
		Trigger: run.Trigger{Kind: run.ByManual}, Identity: []string{run.ByManual, e.Execution},
	}.NewRuns(ctx, p.Settings, p.Pipelines, p.Users, p.Engines)
	if IsInvalid(err) {
		return p.reject(ctx, e, m, err)
	}
	if err != nil {
		return err
	}
	for i, w := range slices.Backward(requested) { // the execution's own run last: until it exists all are created again
		if i == 0 {
			w.Run.Execution, w.Run.ID, w.Run.Identity = e.Execution, e.RunID(), run.Digest(run.ByManual, e.Execution)
		}
		notice, err := report(ctx, p.Pipelines, p.Notices, p.Settings.Stage, w.Run)
		if err != nil {
			return err
		}
		if _, _, err := p.Runs.Create(ctx, w.Run, w.Spec, notice...); run.IsRefused(err) {
			return fault.New(fault.InvalidInput, "%w", err)
		} else if err != nil {
			return err
		}
		if i == 0 && w.Run.State == run.Rejected {
			return fault.New(fault.InvalidInput, "%s", w.Run.Reason)
		}
	}
	return nil
}

// reject records and reports what is wrong with an execution, as of any other rejected
// request, and returns why.
func (p *Preparer) reject(ctx context.Context, e Execution, m events.Manual, why error) error {
	name := (&invalidError{pipeline: m.Pipeline}).pipelineOr("manual")
	body, _, err := redacted(ctx, p.Pipelines, string(e.Input))
	if err != nil {
		return err
	}
	r := run.Run{
		ID: e.RunID(), Pipeline: name, State: run.Rejected, Class: classOf(why), Reason: why.Error(),
		Trigger: run.Trigger{Kind: run.ByManual}, LogicalTime: e.StartedAt.UTC(), RequestedAt: e.StartedAt.UTC(),
		EndedAt: time.Now().UTC(), Execution: e.Execution, Body: clip(body, 4096),
	}
	notice, err := report(ctx, p.Pipelines, p.Notices, p.Settings.Stage, r)
	if err == nil {
		_, _, err = p.Runs.Create(ctx, r, nil, notice...)
	}
	if err != nil {
		return fmt.Errorf("record rejected execution %s: %w", e.Name, err)
	}
	return why
}
