package store

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/records"
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
