package operation

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"ephemr/internal/decide"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// ApproveRequest decides on a job that waits for approval.
type ApproveRequest struct {
	RunID  string `json:"runId"`
	Job    string `json:"job,omitempty"`    // "" = the only one that waits
	Refuse bool   `json:"refuse,omitempty"` // the job and what needs it do not run
	Why    string `json:"why,omitempty"`
	By     string `json:"by,omitempty"` // who decides, as the caller says
}

// Approved is the answer to an ApproveRequest.
type Approved struct {
	RunID    string       `json:"runId"`
	Job      string       `json:"job"`
	Decision run.Decision `json:"decision"`
}

// Approver records decisions.
type Approver struct {
	Runs  *store.Runs
	Waker *wait.Waker
}

// Approve records the decision, once, and wakes the run.
func (a *Approver) Approve(ctx context.Context, in ApproveRequest) (Approved, error) {
	rec, err := a.Runs.Load(ctx, in.RunID)
	if err != nil {
		return Approved{}, err
	}
	j, err := undecided(rec, in.Job)
	if err != nil {
		return Approved{}, err
	}
	next := decision(*j, in)
	ok, err := a.Runs.DecideJob(ctx, in.RunID, next)
	if err != nil {
		return Approved{}, err
	}
	if !ok { // another decision was faster
		if rec, err = a.Runs.Load(ctx, in.RunID); err != nil {
			return Approved{}, err
		}
		if _, err = undecided(rec, j.Name); err == nil {
			err = fault.New(fault.Throttled, "job %s of run %s changed at the same time; try again", j.Name, in.RunID)
		}
		return Approved{}, err
	}
	slog.InfoContext(ctx, "job decided", "runId", in.RunID, "job", j.Name, "decision", string(next.Approval.Decision), "by", next.Approval.By)
	out := Approved{RunID: in.RunID, Job: j.Name, Decision: next.Approval.Decision}
	w := rec.Waiter // a run that waits for something else goes on by itself
	if w == nil || w.Kind != run.ForApproval && w.Kind != run.ForSteps {
		return out, nil
	}
	if err := a.Waker.Wake(ctx, in.RunID, engine.View{}); err != nil {
		slog.WarnContext(ctx, "run not woken: deferred to the next tick", "runId", in.RunID, "error", err.Error())
	}
	return out, nil
}

func decision(j run.Job, in ApproveRequest) run.Job {
	a := *j.Approval
	a.Decision, a.By, a.Why, a.At = run.Approved, cmp.Or(in.By, "unknown user"), in.Why, time.Now().UTC()
	if in.Refuse {
		a.Decision = run.Refused
		j.State, j.Class, j.EndedAt, j.Reason = run.JobCancelled, job.ClassCancelled, time.Now(), "refused by "+a.By
		if a.Why != "" {
			j.Reason += ": " + a.Why
		}
	}
	j.Approval = &a
	return j
}

// undecided returns the job that waits for a decision, or why there is none.
func undecided(rec *run.Record, name string) (*run.Job, error) {
	if err := checkUndecided(rec, name); err != nil {
		return nil, err
	}
	waiting := decide.Awaiting(rec)
	var names []string
	for _, j := range waiting {
		if j.Name == name || name == "" && len(waiting) == 1 {
			if time.Now().After(j.Approval.Until) {
				return nil, refusal("job %s of run %s could be approved until %s", j.Name, rec.Run.ID, j.Approval.Until.Format(time.RFC3339))
			}
			return j, nil
		}
		names = append(names, j.Name)
	}
	return nil, noneWaiting(rec, name, names)
}

func refusal(format string, args ...any) error {
	return fault.New(fault.InvalidInput, format, args...)
}

// checkUndecided returns why neither the run nor the named job can be decided on any more.
func checkUndecided(rec *run.Record, name string) error {
	id := rec.Run.ID
	if name != "" && rec.Spec != nil && rec.Job(name) == nil {
		return refusal("run %s has no job %q; ephemr show %[1]s lists its jobs", id, name)
	}
	if name != "" && rec.Job(name) != nil {
		if a := rec.Job(name).Approval; a != nil && a.Decision != "" {
			return refusal("job %s of run %s was %s already, %s", name, id, a.Decision, decidedBy(*a))
		}
	}
	switch {
	case rec.Run.State.Final():
		return refusal("run %s is %s already; nothing of it can be approved", id, rec.Run.State)
	case rec.Run.Cancel != "":
		return refusal("run %s is being cancelled: %s", id, rec.Run.Cancel)
	}
	return nil
}

// noneWaiting returns why none of the waiting jobs, if any, is the one to decide on.
func noneWaiting(rec *run.Record, name string, waiting []string) error {
	id := rec.Run.ID
	switch {
	case name != "":
		return refusal("job %s of run %s does not wait for approval; it is %s", name, id, rec.Job(name).State)
	case len(waiting) > 1:
		return refusal("several jobs of run %s wait for approval: %s; name one with --job", id, strings.Join(waiting, ", "))
	}
	for _, j := range rec.Jobs {
		if a := j.Approval; a != nil && a.Decision != "" {
			return refusal("no job of run %s waits for approval; job %s was %s, %s", id, j.Name, a.Decision, decidedBy(*a))
		}
	}
	return refusal("no job of run %s waits for approval", id)
}

// decidedBy is who decided and when.
func decidedBy(a run.Approval) string {
	at := a.At.UTC().Format(time.RFC3339)
	if a.By == "" {
		return "at " + at
	}
	return fmt.Sprintf("by %s at %s", a.By, at)
}
