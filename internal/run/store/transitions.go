package store

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Start makes an admitted run RUNNING and records its execution. It can be repeated
// for the same execution; false means that the run belongs to another one, or was
// retried since r was read.
func (s *Runs) Start(ctx context.Context, r run.Run, execution string, now, deadline time.Time) (bool, error) {
	started := now
	if !r.StartedAt.IsZero() { // PrepareRun is repeated
		started = r.StartedAt
	}
	u := set(set(set(set(expression.UpdateBuilder{}, "state", run.Running), records.StateName, run.Running), "execution", execution),
		"startedAt", started)
	u = u.Set(expression.Name("deadline"), expression.IfNotExists(expression.Name("deadline"), expression.Value(deadline)))
	free := records.Is("state", run.Admitted).And(expression.Name("execution").AttributeNotExists().Or(records.Is("execution", execution)))
	same := records.Is("state", run.Running).And(records.Is("execution", execution))
	return s.update(ctx, records.RunKey(r.ID), u, free.Or(same).And(counts("restarts", r.Restarts)))
}

// MoveDeadline gives a run that waits, or has waited, another deadline: at most as long
// after its admission as a pipeline may have.
func (s *Runs) MoveDeadline(ctx context.Context, r run.Run, to time.Time) error {
	if last := r.AdmittedAt.Add(pipeline.MaxDeadline); !r.AdmittedAt.IsZero() && to.After(last) {
		to = last
	}
	mine := records.Is("state", run.Running).And(records.Is("execution", r.Execution))
	_, err := s.update(ctx, records.RunKey(r.ID), set(expression.UpdateBuilder{}, "deadline", to), mine)
	return err
}

// CleanUp has the run clean up until a time, unless it does already.
func (s *Runs) CleanUp(ctx context.Context, r run.Run, until time.Time) error {
	mine := records.Is("state", run.Running).And(records.Is("execution", r.Execution), counts("restarts", r.Restarts))
	unset := expression.Name("cleanUp").AttributeNotExists().Or(records.Is("cleanUp", time.Time{}))
	_, err := s.update(ctx, records.RunKey(r.ID), set(expression.UpdateBuilder{}, "cleanUp", until), mine.And(unset))
	return err
}

// Finish records the outcome of a run, once; false means that it has one, or was
// retried since r was read and will have another, or that it has published since.
func (s *Runs) Finish(ctx context.Context, r run.Run, o run.Outcome, now time.Time, c run.Cost) (bool, error) {
	active := expression.Name("state").In(expression.Value(run.Queued), expression.Value(run.Admitted), expression.Value(run.Running))
	return s.finish(ctx, r, o, now, c, active)
}

// FinishUnstarted records the outcome of a run whose execution has not started;
// false means that it has, or as Finish.
func (s *Runs) FinishUnstarted(ctx context.Context, r run.Run, o run.Outcome, now time.Time) (bool, error) {
	waiting := expression.Name("state").In(expression.Value(run.Queued), expression.Value(run.Admitted))
	return s.finish(ctx, r, o, now, run.Cost{}, waiting.And(expression.Name("execution").AttributeNotExists()))
}

func (s *Runs) finish(ctx context.Context, r run.Run, o run.Outcome, now time.Time, c run.Cost, cond expression.ConditionBuilder) (bool, error) {
	u := set(set(set(set(expression.UpdateBuilder{}, "state", o.State), records.StateName, records.Unannounced), records.StateOrderName, records.TimeOrder(now, r.ID)), "endedAt", now)
	if o.Class != "" {
		u = set(set(u, "class", o.Class), "reason", o.Reason)
	}
	if o.Cause != "" {
		u = set(u, "cause", o.Cause)
	}
	if o.NothingToDo {
		u = set(u, "nothingToDo", true)
	}
	u = u.Remove(expression.Name("secrets")) // values of sensitive params; see Requeue
	if c.USD() > 0 || len(c.Unknown) > 0 {
		u = set(set(u, "costUsd", c.USD()), "cost", c)
	}
	if o.Unpublished != nil {
		u = set(u, "publication", o.Unpublished)
	}
	return s.update(ctx, records.RunKey(r.ID), u, cond.And(counts("restarts", r.Restarts), unchanged(r)))
}

// Announced records that RunFinished of r has been sent, unless r has been retried
// since and will have another outcome.
func (s *Runs) Announced(ctx context.Context, r run.Run) error {
	return s.mark(ctx, r, set(set(expression.UpdateBuilder{}, "announced", true), records.StateName, r.State))
}

// Noticed records, with the notice, that a notice says how r has ended, unless that was
// done or r was retried.
func (s *Runs) Noticed(ctx context.Context, r run.Run, with ...types.TransactWriteItem) error {
	cond := records.Is("state", r.State).And(records.Is("endedAt", r.EndedAt), expression.Name("noticed").AttributeNotExists())
	return s.once(ctx, r, set(expression.UpdateBuilder{}, "noticed", true), cond, with)
}

// Warned records that a notice says that r's deadline is near, with the notice, unless that
// was done or r has ended.
func (s *Runs) Warned(ctx context.Context, r run.Run, with ...types.TransactWriteItem) error {
	cond := records.Is("state", run.Running).And(counts("restarts", r.Restarts), expression.Name("warned").AttributeNotExists())
	return s.once(ctx, r, set(expression.UpdateBuilder{}, "warned", true), cond, with)
}

// once changes r in one transaction with other writes, if cond holds.
func (s *Runs) once(ctx context.Context, r run.Run, u expression.UpdateBuilder, cond expression.ConditionBuilder, with []types.TransactWriteItem) error {
	mine, err := records.UpdateWrite(s.Table, records.RunKey(r.ID), u, cond)
	if err != nil {
		return err
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: append([]types.TransactWriteItem{mine}, with...)})
	switch {
	case records.ConditionFailed(err):
		return nil
	case records.Conflicted(err):
		return fault.New(fault.Throttled, "update run %s: it was changed at the same moment", r.ID)
	case err != nil:
		return fmt.Errorf("update run %s: %w", r.ID, err)
	}
	return nil
}

// Cleared records that the jobs and slots of r are settled although RunFinished
// could not be sent yet, so that a retry need not wait for it.
func (s *Runs) Cleared(ctx context.Context, r run.Run) error {
	return s.mark(ctx, r, set(expression.UpdateBuilder{}, "cleared", true))
}

// mark changes r unless it has been retried since.
func (s *Runs) mark(ctx context.Context, r run.Run, u expression.UpdateBuilder) error {
	_, err := s.update(ctx, records.RunKey(r.ID), u, records.Is("state", r.State).And(records.Is("endedAt", r.EndedAt)))
	return err
}

// Unannounced visits the runs that have ended and whose RunFinished has not been
// sent, and queued runs that are to be cancelled. The invocation that was to do it may
// have died, or is about to do it.
func (s *Runs) Unannounced(ctx context.Context, visit func(run.Run) error) error {
	return s.InState(ctx, records.Unannounced, visit)
}

// AdmitWrite is the update that admits a queued run, unless it is to be cancelled or
// was retried since r was read. Admission does it in one transaction with the run's slots.
func (s *Runs) AdmitWrite(r run.Run, now, deadline time.Time) (*types.Update, error) {
	u := set(set(set(expression.UpdateBuilder{}, "state", run.Admitted), "admittedAt", now), "deadline", deadline)
	u = set(set(u, records.StateName, run.Admitted), records.StateOrderName, records.TimeOrder(now, r.ID))
	cond := records.Is("state", run.Queued).And(expression.Name("cancel").AttributeNotExists(), counts("restarts", r.Restarts))
	e, err := expression.NewBuilder().WithUpdate(u).WithCondition(cond).Build()
	if err != nil {
		return nil, fmt.Errorf("build admission of %s: %w", r.ID, err)
	}
	return &types.Update{
		TableName: &s.Table, Key: records.RunKey(r.ID).Attributes(),
		UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}, nil
}
