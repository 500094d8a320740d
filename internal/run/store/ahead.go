package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Ahead counts the runs of r's team that are queued before r, whether their limits allow
// them to start or not; it stops at most. Runs of backfills are behind all others. The
// index is eventually consistent.
func (s *Runs) Ahead(ctx context.Context, r run.Run, most int) (n int, _ error) {
	place := records.QueuePlace(r.Priority, r.RequestedAt, "") // before r itself
	for after := records.EarlierQueues; n < most; {
		all, _, err := s.behind(ctx, r.TeamName(), after, 1)
		if err != nil || len(all) == 0 {
			return n, err
		}
		name := all[0].queue()
		after = records.QueueEnd(name)
		until := name + "#" + place
		switch last := strings.Contains(name, records.BackfillMark); {
		case last && r.Backfill == "":
			continue
		case !last && r.Backfill != "":
			until = records.QueueEnd(name)
		}
		some, err := s.countQueued(ctx, r.TeamName(), name+"#", until, most-n)
		if err != nil {
			return n, err
		}
		n += some
	}
	return n, nil
}

// Waiting reports whether a run of a team is queued.
func (s *Runs) Waiting(ctx context.Context, team string) (bool, error) {
	all, _, err := s.behind(ctx, team, "", 1)
	return len(all) > 0, err
}

// countQueued counts the runs of a team's partition from a place up to, but without,
// another.
func (s *Runs) countQueued(ctx context.Context, team, from, until string, most int) (n int, _ error) {
	in := s.inState(queueOf(team))
	in.Select, in.Limit = types.SelectCount, aws.Int32(int32(most)) //nolint:gosec // it fits
	in.KeyConditionExpression = aws.String(*in.KeyConditionExpression + " AND " + records.StateOrderName + " BETWEEN :from AND :until")
	in.ExpressionAttributeValues[":from"], in.ExpressionAttributeValues[":until"] = records.String(from), records.String(until)
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages() && n < most; {
		page, err := p.NextPage(ctx)
		if err != nil {
			return n, fmt.Errorf("count queue of team %s: %w", team, err)
		}
		n += int(page.Count)
	}
	return n, nil
}
