package store

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Queued is a run that waits, and where it stands in ByState.
type Queued struct {
	run.Run

	order string
}

// place compares runs of different pipelines.
func (q Queued) place() string { return records.QueuePlace(q.Priority, q.RequestedAt, q.ID) }

// Before reports whether q is to be admitted before x, if the limits allow both.
func (q Queued) Before(x Queued) bool { return q.place() < x.place() }

// Queue is the beginning of a queue: the runs of one team and pipeline, in the order
// of admission. It is never empty.
type Queue struct {
	Runs []Queued
	More bool // more may follow
}

// first is before every place in ByState.
const first = "!"

// queuePage is how many queued runs are read at a time: rarely is there room for
// more.
const queuePage = 25

// Queues yields the beginnings of all queues of a team. What it reads depends on the
// number of queues and not on their lengths. The index is eventually consistent.
func (s *Runs) Queues(ctx context.Context, team string) iter.Seq2[Queue, error] {
	return func(yield func(Queue, error) bool) {
		for after, more := "", true; more; {
			all, rest, err := s.behind(ctx, team, after, queuePage)
			if n := earlier(all); err == nil && n > 0 {
				all, rest, after = all[:n], true, records.EarlierQueues
				err = s.renew(ctx, all)
			} else if len(all) > 0 {
				after = records.QueueEnd(all[len(all)-1].Pipeline) // the page may have ended within this queue
			}
			if err != nil {
				yield(Queue{}, err)
				return
			}
			more = rest
			for len(all) > 0 {
				n := ofOnePipeline(all)
				if !yield(Queue{Runs: all[:n], More: more && n == len(all)}, nil) {
					return
				}
				all = all[n:]
			}
		}
	}
}

// ofOnePipeline is how many of the first runs are of the same pipeline.
func ofOnePipeline(all []Queued) int {
	for i, x := range all {
		if x.Pipeline != all[0].Pipeline {
			return i
		}
	}
	return len(all)
}

// Behind returns at most so many runs that wait behind q in its queue.
func (s *Runs) Behind(ctx context.Context, q Queued, most int) (Queue, error) {
	all, more, err := s.behind(ctx, q.TeamName(), q.order, min(most, queuePage))
	for i, x := range all {
		if x.Pipeline != q.Pipeline {
			return Queue{Runs: all[:i]}, err
		}
	}
	return Queue{Runs: all, More: more}, err
}

// behind reads the first runs of a team's partition of ByState that stand behind a
// place. What cannot be read is skipped: it is admitted by no function, and must not
// delay the others.
func (s *Runs) behind(ctx context.Context, team, after string, most int) (all []Queued, more bool, _ error) {
	in := s.inState(queueOf(team))
	in.Limit = aws.Int32(int32(most)) //nolint:gosec // at most queuePage
	in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + " AND " + records.StateOrderName + " > :after")
	for more = true; more && len(all) == 0; {
		in.ExpressionAttributeValues[":after"] = records.String(cmp.Or(after, first))
		out, err := s.DB.Query(ctx, in)
		if err != nil {
			return nil, false, fmt.Errorf("read queue of team %s: %w", team, err)
		}
		for _, it := range out.Items {
			after = records.Text(it[records.StateOrderName])
			q := Queued{order: after}
			if err := decode(it, &q.Run); err != nil {
				s.skips.Skip(ctx, it, err)
				continue
			}
			all = append(all, q)
		}
		more = len(out.LastEvaluatedKey) > 0
	}
	return all, more, nil
}

// earlier is how many of the first runs an earlier version has queued. Those of all
// pipelines of a team were in one queue then, before the first name of a pipeline.
func earlier(all []Queued) int {
	return len(all) - len(slices.DeleteFunc(slices.Clone(all), func(q Queued) bool { return q.order < records.EarlierQueues }))
}

// renew moves the runs to the queues of their pipelines, and sorts them as these are.
// More of them than can start at once are moved by each reader, the most urgent first.
func (s *Runs) renew(ctx context.Context, all []Queued) error {
	for i, q := range all {
		same := records.Is("state", run.Queued).And(records.Is(records.StateOrderName, q.order))
		all[i].order = order(q.Run)
		if _, err := s.update(ctx, records.RunKey(q.ID), set(expression.UpdateBuilder{}, records.StateOrderName, all[i].order), same); err != nil {
			return err
		}
	}
	slices.SortFunc(all, func(a, b Queued) int { return cmp.Compare(a.order, b.order) })
	return nil
}
