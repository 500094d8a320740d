package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// last is behind every place in ByState.
const last = "~"

// newestQueued returns the queued runs with the latest requests, of a pipeline or
// ("") of all. It skips what lies between them: what it reads depends on the limit and
// on the number of queues and priorities, not on how many runs wait.
func (s *Runs) newestQueued(ctx context.Context, pipeline string, limit int) ([]run.Run, error) {
	teams, err := s.Teams(ctx)
	if err != nil {
		return nil, err
	}
	var all []run.Run
	partitions := []string{records.Held}
	for _, team := range teams {
		partitions = append(partitions, queueOf(team))
	}
	for _, partition := range partitions {
		some, err := s.newestOf(ctx, partition, pipeline, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b run.Run) int { return cmp.Or(b.RequestedAt.Compare(a.RequestedAt), cmp.Compare(a.ID, b.ID)) })
	return all[:min(len(all), limit)], nil
}

// newestOf reads a partition of ByState with queued runs backwards: in each queue the runs of a
// priority are sorted by the time of their request.
func (s *Runs) newestOf(ctx context.Context, partition, pipeline string, limit int) (all []run.Run, _ error) {
	in := s.inState(partition)
	in.ScanIndexForward, in.Limit = aws.Bool(false), aws.Int32(int32(max(1, min(limit, 1000)))) //nolint:gosec // it fits
	in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + " AND " + records.StateOrderName + " BETWEEN :from AND :to")
	from, to := first, last
	if pipeline != "" {
		from, to = pipeline+"#", records.QueueEnd(pipeline)
	}
	in.ExpressionAttributeValues[":from"] = records.String(from)
	in.ExpressionAttributeValues[":to"] = records.String(to)
	taken := map[string]int{}
	for more := true; more; {
		out, err := s.DB.Query(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", partition, err)
		}
		group := ""
		for _, it := range out.Items {
			group = groupOf(records.Text(it[records.StateOrderName]))
			if taken[group]++; taken[group] > limit {
				continue
			}
			var r run.Run
			if err := decode(it, &r); err != nil {
				s.skips.Skip(ctx, it, err)
				continue
			}
			all = append(all, r)
		}
		more, in.ExclusiveStartKey = len(out.LastEvaluatedKey) > 0, out.LastEvaluatedKey
		if taken[group] >= limit { // continue before all of this group
			in.ExclusiveStartKey, in.ExpressionAttributeValues[":to"] = nil, records.String(group)
			more = more && group > from
		}
	}
	return all, nil
}

// groupOf is the part of a place before the time: pipeline and priority.
func groupOf(place string) string {
	i := strings.LastIndexByte(place, '#')
	if j := strings.LastIndexByte(place[:max(i, 0)], '#'); j >= 0 {
		return place[:j+1]
	}
	return place
}
