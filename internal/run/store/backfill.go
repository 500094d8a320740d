package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/job"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// backfillOpen holds a transaction to a backfill that has not ended: a run that was queued
// for another would wait forever.
func (s *Runs) backfillOpen(id string) types.TransactWriteItem {
	return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
		TableName: &s.Table, Key: records.BackfillKey(id).Attributes(), ConditionExpression: aws.String("#s IN (:running, :paused)"),
		ExpressionAttributeNames:  map[string]string{"#s": "state"},
		ExpressionAttributeValues: item{":running": records.String("RUNNING"), ":paused": records.String("PAUSED")},
	}}
}

// RequeueFor is Requeue for a backfill, in whose queue the run waits. It does nothing when
// the backfill has ended.
func (s *Runs) RequeueFor(ctx context.Context, id, backfill string, parallel int, now time.Time) error {
	_, err := s.requeueRun(ctx, id, now, func(r *run.Run) { r.Backfill, r.Parallel = backfill, parallel })
	return err
}

// requeueInBackfill is the update of requeue, with the check that the backfill is open.
func (s *Runs) requeueInBackfill(ctx context.Context, r run.Run, u expression.UpdateBuilder, cond expression.ConditionBuilder) (bool, error) {
	update, err := records.UpdateWrite(s.Table, records.RunKey(r.ID), u, cond)
	if err != nil {
		return false, err
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{update, s.backfillOpen(r.Backfill)}})
	if records.ConditionFailed(err) {
		return false, nil
	}
	return err == nil, err
}

// Withdraw cancels a run that has never been started, without an announcement: its
// backfill was cancelled, and thousands wait with it.
func (s *Runs) Withdraw(ctx context.Context, r run.Run, why string, now time.Time) error {
	u := set(set(set(set(expression.UpdateBuilder{}, "state", run.Cancelled), records.StateName, run.Cancelled), records.StateOrderName, records.TimeOrder(now, r.ID)), "endedAt", now)
	u = set(set(set(set(u, "class", job.ClassCancelled), "reason", why), "announced", true), "cancel", why)
	u = u.Remove(expression.Name("secrets"))
	_, err := s.update(ctx, records.RunKey(r.ID), u, records.Is("state", run.Queued).And(counts("restarts", 0)))
	return err
}
