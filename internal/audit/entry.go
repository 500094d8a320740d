// Package audit records who has asked for what, and reads it together with what runs say of their senders.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run/store"
)

// Outcome is what became of a request.
type Outcome string

// The outcomes. Begun is that of a request whose function was interrupted; it may have been carried out.
const (
	Begun   Outcome = "begun"
	Done    Outcome = "done"
	Refused Outcome = "refused" // it was invalid, or not possible
	Failed  Outcome = "failed"
)

// Entry is a request of a person or a program.
type Entry struct {
	At       time.Time `dynamodbav:"at" json:"at"`
	By       string    `dynamodbav:"by" json:"by"`         // sender of a request, as SQS reports it; else as the caller says
	Action   string    `dynamodbav:"action" json:"action"` // an operation of the control function, apply, start or publish
	Pipeline string    `dynamodbav:"pipeline,omitempty" json:"pipeline,omitempty"`
	RunID    string    `dynamodbav:"runId,omitempty" json:"runId,omitempty"`
	Target   string    `dynamodbav:"target,omitempty" json:"target,omitempty"` // a cluster, backfill or table

	Detail  map[string]string `dynamodbav:"detail,omitempty" json:"detail,omitempty"` // options of the request, without params
	Outcome Outcome           `dynamodbav:"outcome" json:"outcome"`
	Reason  string            `dynamodbav:"reason,omitempty" json:"reason,omitempty"` // why it was refused, or has failed

	Invocation string `dynamodbav:"invocation,omitempty" json:"invocation,omitempty"` // request id, which CloudTrail records with the caller
}

// keep is how long entries are kept: as long as the history of runs.
const keep = 400 * 24 * time.Hour

// longest is the maximum size of a text of an entry in bytes.
const longest = 500

// Trail records requests.
type Trail struct {
	DB     store.DB
	Table  string
	Caller func(context.Context) string // request id of the invocation
}

// Begin records a request before it is carried out: without a record it must not be. What it returns records the
// outcome; if that cannot be written, the request stays as begun.
func (t *Trail) Begin(ctx context.Context, e Entry) (end func(context.Context, error), _ error) {
	e.At, e.By, e.Outcome, e.Invocation = time.Now().UTC(), cut(cmp.Or(e.By, "unknown")), Begun, t.Caller(ctx)
	for name, value := range e.Detail {
		e.Detail[name] = cut(value)
	}
	key := records.AuditKey(e.At, e.Invocation)
	it, err := attributevalue.MarshalMap(e)
	if err != nil {
		return nil, fmt.Errorf("encode request to %s for the record: %w", e.Action, err)
	}
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	if it[records.TTLName], err = attributevalue.Marshal(e.At.Add(keep).Unix()); err != nil {
		return nil, fmt.Errorf("encode request to %s for the record: %w", e.Action, err)
	}
	if ok, err := records.Put(ctx, t.DB, t.Table, it, records.Absent()); err != nil || !ok {
		return nil, fmt.Errorf("record request to %s: %w", e.Action, cmp.Or(err, fault.New(fault.Throttled, "it is recorded already; try again")))
	}
	return func(ctx context.Context, err error) { t.end(ctx, key, e, err) }, nil
}

// end records the outcome once.
func (t *Trail) end(ctx context.Context, key records.Key, e Entry, failure error) {
	outcome, reason := outcomeOf(failure)
	u := expression.Set(expression.Name("outcome"), expression.Value(outcome))
	if reason != "" {
		u = u.Set(expression.Name("reason"), expression.Value(reason))
	}
	_, err := records.Update(ctx, t.DB, t.Table, key, u, records.Is("outcome", Begun))
	if err != nil {
		slog.WarnContext(ctx, "outcome of a request not recorded", "action", e.Action, "pipeline", e.Pipeline, "runId", e.RunID, "error", err.Error())
	}
}

func outcomeOf(err error) (Outcome, string) {
	if err == nil {
		return Done, ""
	}
	switch fault.NameOf(err) { //nolint:exhaustive // all others are failures
	case fault.InvalidInput, fault.Conflict, fault.Permission:
		return Refused, cut(err.Error())
	}
	return Failed, cut(err.Error())
}

// cut shortens a text, at a character.
func cut(text string) string {
	if len(text) <= longest {
		return text
	}
	end := 0
	for i := range text {
		if i > longest-3 {
			break
		}
		end = i
	}
	return text[:end] + "…"
}

// Between visits the recorded requests from a time until, and without, another, oldest first.
func (t *Trail) Between(ctx context.Context, from, until time.Time, visit func(Entry)) error {
	for day := from.UTC().Truncate(24 * time.Hour); day.Before(until); day = day.AddDate(0, 0, 1) {
		in := &dynamodb.QueryInput{
			TableName:              &t.Table,
			KeyConditionExpression: aws.String(records.PartitionName + " = :day AND " + records.SortName + " BETWEEN :from AND :until"),
			ExpressionAttributeValues: records.Item{
				":day": records.String(records.AuditPartition(day)), ":from": records.String(records.TimeOrder(from, "")), ":until": records.String(records.TimeOrder(until, "")),
			},
		}
		for p := dynamodb.NewQueryPaginator(t.DB, in); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("read requests of %s: %w", day.Format(time.DateOnly), err)
			}
			for _, it := range page.Items {
				var e Entry
				if err := attributevalue.UnmarshalMap(it, &e); err != nil {
					return fmt.Errorf("read requests of %s: %w", day.Format(time.DateOnly), err)
				}
				visit(e)
			}
		}
	}
	return nil
}
