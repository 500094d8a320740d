package run

import (
	"context"
	"fmt"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/stage"
)

// NoTeam is the team of pipelines that name none.
const NoTeam = stage.NoTeam

// teamsKey is the partition that lists the teams that ever asked for a run.
const teamsKey = "TEAMS"

// queueOf is the index partition of a team's queued runs. Each team has its own,
// so that nobody's burst stands between admission and somebody's single run.
func queueOf(team string) string { return string(Queued) + "#" + teamOr(team) }

func teamOr(team string) string {
	if team == "" {
		return NoTeam
	}
	return team
}

// partition is where r stands in the index byState.
func (r Run) partition() string {
	if r.State == Queued {
		return queueOf(r.Team)
	}
	return string(r.State)
}

// TeamName is the team that r counts against.
func (r Run) TeamName() string { return teamOr(r.Team) }

// PoolOwner is whose pools r uses: those of its team, or of its user alone. On a
// machine that two users share, each could come by what the other's jobs have.
func (r Run) PoolOwner() string {
	if r.User != "" {
		return r.TeamName() + "." + r.User
	}
	return r.TeamName()
}

// enlist makes a team known, once for the life of s: writing it again is harmless.
func (s *Store) enlist(ctx context.Context, team string) error {
	team = teamOr(team)
	if _, known := s.teams.Load(team); known {
		return nil
	}
	it, err := encode(struct{}{}, teamsKey, team)
	if err != nil {
		return err
	}
	if _, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Table, Item: it}); err != nil {
		return fmt.Errorf("enlist team %s: %w", team, err)
	}
	s.teams.Store(team, true)
	return nil
}

// Teams returns the teams that ever asked for a run, sorted.
func (s *Store) Teams(ctx context.Context) ([]string, error) {
	var teams []string
	err := s.query(ctx, &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :teams"),
		ExpressionAttributeValues: item{":teams": str(teamsKey)},
	}, func(it item) error {
		teams = append(teams, text(it[sk]))
		return nil
	})
	return teams, err
}

// queuePage is how much of a queue is read at a time: there is rarely room for
// more, and a page of a burst would be a megabyte.
const queuePage = 50

// Queue yields the queued runs of a team in the order of admission, reading
// further pages only when they are asked for. The index is eventually consistent.
func (s *Store) Queue(ctx context.Context, team string) iter.Seq2[Run, error] {
	return func(yield func(Run, error) bool) {
		in := s.inState(queueOf(team))
		in.Limit = aws.Int32(queuePage)
		p := dynamodb.NewQueryPaginator(s.DB, in)
		for p.HasMorePages() {
			page, err := p.NextPage(ctx)
			if err != nil {
				yield(Run{}, fmt.Errorf("read queue of team %s: %w", team, err))
				return
			}
			for _, it := range page.Items {
				var r Run
				err := attributevalue.UnmarshalMap(it, &r)
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}
