package run

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/job"
)

func set(u expression.UpdateBuilder, name string, value any) expression.UpdateBuilder {
	return u.Set(expression.Name(name), expression.Value(value))
}

func is(name string, value any) expression.ConditionBuilder {
	return expression.Name(name).Equal(expression.Value(value))
}

// Start turns an admitted run into a running one and ties it to its execution.
// Doing it again for the same execution is fine; another one is refused.
func (s *Store) Start(ctx context.Context, id, execution string, now, deadline time.Time) (bool, error) {
	u := set(set(set(set(expression.UpdateBuilder{}, "state", Running), gsState, Running), "execution", execution),
		"startedAt", now)
	u = u.Set(expression.Name("deadline"), expression.IfNotExists(expression.Name("deadline"), expression.Value(deadline)))
	free := is("state", Admitted).And(expression.Name("execution").AttributeNotExists().Or(is("execution", execution)))
	same := is("state", Running).And(is("execution", execution))
	return s.update(ctx, id, runKey, u, free.Or(same))
}

// Outcome is how a run ended.
type Outcome struct {
	State  State     `json:"state"`
	Class  job.Class `json:"class"`
	Reason string    `json:"reason"`
}

// Finish gives a run its outcome, once: false says that it has one already.
func (s *Store) Finish(ctx context.Context, id string, o Outcome, now time.Time, costUSD float64) (bool, error) {
	active := expression.Name("state").In(expression.Value(Queued), expression.Value(Admitted), expression.Value(Running))
	return s.finish(ctx, id, o, now, costUSD, active)
}

func (s *Store) finish(ctx context.Context, id string, o Outcome, now time.Time, costUSD float64, cond expression.ConditionBuilder) (bool, error) {
	u := set(set(set(set(expression.UpdateBuilder{}, "state", o.State), gsState, untold), gsOrder, stamp(now)+"#"+id), "endedAt", now)
	if o.Class != "" {
		u = set(set(u, "class", o.Class), "reason", o.Reason)
	}
	if costUSD > 0 {
		u = set(u, "costUsd", costUSD)
	}
	return s.update(ctx, id, runKey, u, cond)
}

// Announced marks that the outcome of r has been told, unless r has been
// restarted meanwhile and will get another.
func (s *Store) Announced(ctx context.Context, r Run) error {
	u := set(set(expression.UpdateBuilder{}, "announced", true), gsState, r.State)
	_, err := s.update(ctx, r.ID, runKey, u, is("state", r.State).And(is("endedAt", r.EndedAt)))
	return err
}

// Untold visits the runs that are over without anybody having been told: whoever
// was to tell may have died, or is about to.
func (s *Store) Untold(ctx context.Context, visit func(Run) error) error {
	return s.InState(ctx, untold, visit)
}

// PlanJobs writes the jobs of a run as PENDING; those that are there stay.
func (s *Store) PlanJobs(ctx context.Context, id string, jobs []Job) error {
	for _, j := range jobs {
		it, err := encode(j, id, jobPrefix+j.Name)
		if err != nil {
			return err
		}
		if _, err := s.put(ctx, it, expression.Name(pk).AttributeNotExists()); err != nil {
			return err
		}
	}
	return nil
}

// ReplaceJob writes j over a job that is in state from with attempt attempt;
// false says that somebody else was faster.
func (s *Store) ReplaceJob(ctx context.Context, id string, j Job, from JobState, attempt int) (bool, error) {
	it, err := encode(j, id, jobPrefix+j.Name)
	if err != nil {
		return false, err
	}
	cond := is("state", from)
	if attempt > 0 {
		cond = cond.And(is("attempt", attempt))
	} else {
		cond = cond.And(expression.Name("attempt").AttributeNotExists())
	}
	return s.put(ctx, it, cond)
}

// ClaimJob writes the intent by to submit j, over a pending job or over an
// intent as old as j's; false says that somebody else has it.
func (s *Store) ClaimJob(ctx context.Context, id string, j Job, by string, now time.Time) (bool, error) {
	u := set(set(set(set(expression.UpdateBuilder{}, "state", JobSubmitting), "attempt", j.Attempt), "intent", by), "intentAt", now)
	u = u.Remove(expression.Name("stepId")).Remove(expression.Name("class")).Remove(expression.Name("reason")).Remove(expression.Name("exitCode"))
	cond := is("state", JobPending).And(before(j.Attempt))
	if j.State == JobSubmitting {
		cond = is("state", JobSubmitting).And(is("attempt", j.Attempt)).And(is("intent", j.Intent))
	}
	return s.update(ctx, id, jobPrefix+j.Name, u, cond)
}

// before holds when the newest attempt is the one before n.
func before(n int) expression.ConditionBuilder {
	if n <= 1 {
		return expression.Name("attempt").AttributeNotExists()
	}
	return is("attempt", n-1)
}

// SubmittedJob records the step that carries a claimed attempt.
func (s *Store) SubmittedJob(ctx context.Context, id string, j Job, clusterID, stepID string) (bool, error) {
	u := set(set(set(expression.UpdateBuilder{}, "state", JobRunning), "clusterId", clusterID), "stepId", stepID)
	return s.update(ctx, id, jobPrefix+j.Name, u, is("state", JobSubmitting).And(is("attempt", j.Attempt)))
}

// ReleaseJob gives up the intent by, so that the next try need not wait for it.
func (s *Store) ReleaseJob(ctx context.Context, id, name, by string) error {
	u := set(set(expression.UpdateBuilder{}, "intent", "none"), "intentAt", time.Unix(0, 0).UTC())
	_, err := s.update(ctx, id, jobPrefix+name, u, is("state", JobSubmitting).And(is("intent", by)))
	return err
}

// Intend writes the attempt c before RunJobFlow is called; false says that it
// is there already.
func (s *Store) Intend(ctx context.Context, id string, c Cluster) (bool, error) {
	it, err := encode(c, id, tryPrefix+attemptKey(c.Attempt))
	if err != nil {
		return false, err
	}
	return s.put(ctx, it, expression.Name(pk).AttributeNotExists())
}

func attemptKey(n int) string { return fmt.Sprintf("%03d", n) }

// ReplaceCluster writes c over the same attempt if it is still in state from
// with the intent of from's reader.
func (s *Store) ReplaceCluster(ctx context.Context, id string, c Cluster, from ClusterState, intent string) (bool, error) {
	it, err := encode(c, id, tryPrefix+attemptKey(c.Attempt))
	if err != nil {
		return false, err
	}
	return s.put(ctx, it, is("state", from).And(is("intent", intent)))
}

// Wait registers the token a run waits with; the one before it is dead. Who began
// before the one that is there has itself the dead token: its write must not come
// late and bury the other's.
func (s *Store) Wait(ctx context.Context, w Waiter) error {
	it, err := encode(w, w.RunID, waitKey)
	if err != nil {
		return err
	}
	it[gsState], it[gsOrder] = str(waiting), str(stamp(w.Deadline)+"#"+w.RunID)
	began := w.Since.UnixMicro()
	it["began"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(began, 10)}
	first := expression.Name("began").AttributeNotExists()
	ok, err := s.put(ctx, it, first.Or(expression.Name("began").LessThanEqual(expression.Value(began))))
	if err == nil && !ok {
		err = fault.New(fault.Throttled, "run %s waits already with a newer token", w.RunID)
	}
	return err
}

// Woken removes a waiter after its token was answered, unless a newer token has
// taken its place.
func (s *Store) Woken(ctx context.Context, w Waiter) error {
	e, err := expression.NewBuilder().WithCondition(is("token", w.Token)).Build()
	if err != nil {
		return fmt.Errorf("build condition: %w", err)
	}
	_, err = s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &s.Table, Key: key(w.RunID, waitKey), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	})
	if err != nil && !refused(err) {
		return fmt.Errorf("remove waiter of run %s: %w", w.RunID, err)
	}
	return nil
}

// Waiters returns every waiter, the nearest deadline first, page by page.
func (s *Store) Waiters(ctx context.Context, visit func(Waiter) error) error {
	return s.byState(ctx, waiting, func(it item) error {
		var w Waiter
		if err := attributevalue.UnmarshalMap(it, &w); err != nil {
			return fmt.Errorf("read waiter: %w", err)
		}
		return visit(w)
	})
}

// InState visits the runs in a state, in the order of admission for QUEUED ones
// and by time for the others. The index is eventually consistent.
func (s *Store) InState(ctx context.Context, state State, visit func(Run) error) error {
	return s.eachPartition(ctx, state, func(partition string) error {
		return s.byState(ctx, partition, func(it item) error {
			var r Run
			if err := attributevalue.UnmarshalMap(it, &r); err != nil {
				return fmt.Errorf("read run: %w", err)
			}
			return visit(r)
		})
	})
}

// eachPartition visits the partitions of the index that hold runs in state.
func (s *Store) eachPartition(ctx context.Context, state State, visit func(string) error) error {
	if state != Queued {
		return visit(string(state))
	}
	teams, err := s.Teams(ctx)
	if err != nil {
		return err
	}
	for _, team := range teams {
		if err := visit(queueOf(team)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) byState(ctx context.Context, state string, visit func(item) error) error {
	return s.query(ctx, s.inState(state), visit)
}

func (s *Store) inState(partition string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &s.Table, IndexName: aws.String(ByState),
		KeyConditionExpression:    aws.String("gsState = :state"),
		ExpressionAttributeValues: item{":state": str(partition)},
	}
}

// query visits every item that in selects.
func (s *Store) query(ctx context.Context, in *dynamodb.QueryInput, visit func(item) error) error {
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("query %s: %w", s.Table, err)
		}
		for _, it := range page.Items {
			if err := visit(it); err != nil {
				return err
			}
		}
	}
	return nil
}

// Query describes a list of runs: newest logical time first.
type Query struct {
	Pipeline string // "" = all, by state
	State    State  // "" = any
	Limit    int
}

// List returns runs of a pipeline or in a state, newest first.
func (s *Store) List(ctx context.Context, q Query) ([]Run, error) {
	if q.Pipeline != "" {
		return s.list(ctx, q, "")
	}
	var runs []Run
	err := s.eachPartition(ctx, q.State, func(partition string) error {
		more, err := s.list(ctx, q, partition)
		runs = append(runs, more...)
		return err
	})
	return runs[:min(len(runs), q.Limit)], err
}

// list returns runs of q's pipeline, or of a partition of the index byState.
func (s *Store) list(ctx context.Context, q Query, partition string) ([]Run, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ScanIndexForward: aws.Bool(false),
		ExpressionAttributeValues: item{},
	}
	if q.Pipeline != "" {
		in.IndexName, in.KeyConditionExpression = aws.String(ByPipeline), aws.String("gpPipeline = :p")
		in.ExpressionAttributeValues[":p"] = str(q.Pipeline)
		if q.State != "" {
			in.FilterExpression = aws.String("#s = :s")
			in.ExpressionAttributeNames = map[string]string{"#s": "state"}
			in.ExpressionAttributeValues[":s"] = str(string(q.State))
		}
	} else {
		in.IndexName, in.KeyConditionExpression = aws.String(ByState), aws.String("gsState = :s")
		in.ExpressionAttributeValues[":s"] = str(partition)
	}
	var runs []Run
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages() && len(runs) < q.Limit; {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list runs: %w", err)
		}
		var more []Run
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &more); err != nil {
			return nil, fmt.Errorf("read runs: %w", err)
		}
		runs = append(runs, more...)
	}
	return runs[:min(len(runs), q.Limit)], nil
}

// AdmitWrite is the write that admits a queued run; admission puts it into one
// transaction with the run's slots.
func (s *Store) AdmitWrite(id string, now, deadline time.Time) (*types.Update, error) {
	u := set(set(set(set(expression.UpdateBuilder{}, "state", Admitted), gsState, Admitted), "admittedAt", now), "deadline", deadline)
	e, err := expression.NewBuilder().WithUpdate(u).WithCondition(is("state", Queued)).Build()
	if err != nil {
		return nil, fmt.Errorf("build admission of %s: %w", id, err)
	}
	return &types.Update{
		TableName: &s.Table, Key: key(id, runKey),
		UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}, nil
}
