package store

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
	"ephemr/internal/run"
)

// enlist records a team, once in the life of s. Writing it again changes nothing.
func (s *Runs) enlist(ctx context.Context, team string) error {
	if _, known := s.teams.Load(team); known {
		return nil
	}
	it, err := encode(struct{}{}, records.TeamKey(team))
	if err != nil {
		return err
	}
	if _, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Table, Item: it}); err != nil {
		return fmt.Errorf("enlist team %s: %w", team, err)
	}
	s.teams.Store(team, true)
	return nil
}

// Teams returns the teams that have ever requested a run, sorted.
func (s *Runs) Teams(ctx context.Context) ([]string, error) {
	var teams []string
	err := s.query(ctx, &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String(records.PartitionName + " = :teams"),
		ExpressionAttributeValues: item{":teams": records.String(records.TeamsPartition)},
	}, func(it item) error {
		teams = append(teams, records.Text(it[records.SortName]))
		return nil
	})
	return teams, err
}

// queuePage is how many runs of a queue are read at a time. There are rarely slots
// for more, and a full page of a burst would be a megabyte.
const queuePage = 50

// Queue yields the queued runs of a team in the order of admission, reading
// further pages only when they are needed. The index is eventually consistent.
func (s *Runs) Queue(ctx context.Context, team string) iter.Seq2[run.Run, error] {
	return func(yield func(run.Run, error) bool) {
		in := s.inState(queueOf(team))
		in.Limit = aws.Int32(queuePage)
		p := dynamodb.NewQueryPaginator(s.DB, in)
		for p.HasMorePages() {
			page, err := p.NextPage(ctx)
			if err != nil {
				yield(run.Run{}, fmt.Errorf("read queue of team %s: %w", team, err))
				return
			}
			for _, it := range page.Items {
				var r run.Run
				if err := decode(it, &r); err != nil {
					s.skip(ctx, it, err)
					continue
				}
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}
