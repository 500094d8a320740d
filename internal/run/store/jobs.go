package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// PlanJobs writes the jobs of a run as PENDING. Existing ones are not changed.
func (s *Runs) PlanJobs(ctx context.Context, id string, jobs []run.Job) error {
	for _, j := range jobs {
		if _, err := s.put(ctx, j, records.JobKey(id, j.Name), records.Absent()); err != nil {
			return err
		}
	}
	return nil
}

// ReplaceJob writes j over a job that is in state from with attempt attempt;
// false means that another invocation has changed it, or reset it for a retry of
// the run.
func (s *Runs) ReplaceJob(ctx context.Context, id string, j run.Job, from run.JobState, attempt int) (bool, error) {
	return s.replaceJob(ctx, id, j, from, attempt, j.Restart)
}

func (s *Runs) replaceJob(ctx context.Context, id string, j run.Job, from run.JobState, attempt, restart int) (bool, error) {
	return s.put(ctx, j, records.JobKey(id, j.Name), records.Is("state", from).And(counts("attempt", attempt), counts("restart", restart)))
}

// counts holds when a number has a value; 0 is not stored.
func counts(name string, n int) expression.ConditionBuilder {
	if n == 0 {
		return expression.Name(name).AttributeNotExists()
	}
	return records.Is(name, n)
}

// AskJob records that a pending job waits for a decision, once; false means that it has
// been recorded.
func (s *Runs) AskJob(ctx context.Context, id string, j run.Job, a run.Approval) (bool, error) {
	cond := records.Is("state", run.JobPending).And(counts("restart", j.Restart), expression.Name("approval").AttributeNotExists())
	return s.update(ctx, records.JobKey(id, j.Name), set(expression.UpdateBuilder{}, "approval", a), cond)
}

// DecideJob writes j over the pending job that waits for its decision; false means that
// there is another one.
func (s *Runs) DecideJob(ctx context.Context, id string, j run.Job) (bool, error) {
	cond := records.Is("state", run.JobPending).And(counts("restart", j.Restart), records.Is("approval.askedAt", j.Approval.AskedAt), expression.Name("approval.decision").AttributeNotExists())
	return s.put(ctx, j, records.JobKey(id, j.Name), cond)
}

// ClaimJob writes the intent by to submit j, over a pending job or over the intent
// that j has; false means that another invocation has the job.
func (s *Runs) ClaimJob(ctx context.Context, id string, j run.Job, by string, now time.Time) (bool, error) {
	u := set(set(set(set(expression.UpdateBuilder{}, "state", run.JobSubmitting), "attempt", j.Attempt), "intent", by), "intentAt", now)
	u = u.Remove(expression.Name("stepId")).Remove(expression.Name("class")).Remove(expression.Name("reason")).Remove(expression.Name("exitCode")).
		Remove(expression.Name("resize")).Remove(expression.Name("dueAt"))
	if j.Nonce != "" {
		u = set(u, "nonce", j.Nonce)
	}
	cond := records.Is("state", run.JobPending).And(counts("attempt", j.Attempt-1), counts("restart", j.Restart))
	if j.State == run.JobSubmitting {
		cond = records.Is("state", run.JobSubmitting).And(records.Is("attempt", j.Attempt)).And(records.Is("intent", j.Intent))
	}
	return s.update(ctx, records.JobKey(id, j.Name), u, cond)
}

// SubmittedJob records the step that carries a claimed attempt.
func (s *Runs) SubmittedJob(ctx context.Context, id string, j run.Job, clusterID, stepID string) (bool, error) {
	u := set(set(set(expression.UpdateBuilder{}, "state", run.JobRunning), "clusterId", clusterID), "stepId", stepID)
	if j.Resize != "" {
		u = set(u, "resize", j.Resize)
	}
	return s.update(ctx, records.JobKey(id, j.Name), u, records.Is("state", run.JobSubmitting).And(records.Is("attempt", j.Attempt)))
}

// StepEnded records that the step of an attempt has ended; false means that it is
// no attempt in flight. The step may be so short that its id is not recorded yet.
func (s *Runs) StepEnded(ctx context.Context, id, name string, attempt int, e run.StepEnd) (bool, error) {
	flying := expression.Name("state").In(expression.Value(run.JobSubmitting), expression.Value(run.JobRunning))
	own := expression.Name("stepId").AttributeNotExists().Or(records.Is("stepId", e.StepID))
	return s.update(ctx, records.JobKey(id, name), set(expression.UpdateBuilder{}, "stepEnd", e), flying.And(counts("attempt", attempt), own))
}

// ReleaseJob removes the intent by, so that the next try need not wait for its
// lease to expire.
func (s *Runs) ReleaseJob(ctx context.Context, id, name, by string) error {
	u := set(set(expression.UpdateBuilder{}, "intent", "none"), "intentAt", time.Unix(0, 0).UTC())
	_, err := s.update(ctx, records.JobKey(id, name), u, records.Is("state", run.JobSubmitting).And(records.Is("intent", by)))
	return err
}
