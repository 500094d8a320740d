package follow

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/calendar"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// Owed is a run that became due while its pipeline was paused.
type Owed struct {
	Pipeline string    `dynamodbav:"pipeline"`
	Logical  time.Time `dynamodbav:"logical"`
	Cause    string    `dynamodbav:"cause"` // run whose success made it due
	At       time.Time `dynamodbav:"at"`
}

func (o Owed) key() records.Key { return records.OwedKey(o.Pipeline, o.Logical, o.Cause) }

// Owe keeps o while its pipeline is paused. It is false if the pipeline is not paused any
// more.
func (s *Store) Owe(ctx context.Context, o Owed) (bool, error) {
	it, err := encode(o, o.key(), o.At)
	if err != nil {
		return false, err
	}
	paused, err := records.CheckWrite(s.Pipelines, records.CurrentVersionKey(o.Pipeline), records.Is("paused", true))
	if err != nil {
		return false, err
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		paused, {Put: &types.Put{TableName: &s.Table, Item: it}},
	}})
	switch {
	case records.ConditionFailed(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("record that %s is due: %w", o.Pipeline, err)
	}
	return true, nil
}

// mostOwed is how many are read at a time.
const mostOwed = 1000

// ReadOwed returns what became due while pipelines were paused, of one or ("") of all, in the
// order of their logical times: at most mostOwed.
func ReadOwed(ctx context.Context, db QueryAPI, table, pipeline string) (all []Owed, _ error) {
	first, last := "0", "~"
	if pipeline != "" {
		first, last = records.OwedPrefix(pipeline), records.OwedPrefix(pipeline)+last
	}
	err := query(ctx, db, &dynamodb.QueryInput{
		TableName: &table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :owed AND sk BETWEEN :first AND :last"),
		ExpressionAttributeValues: records.Item{":owed": records.String(records.OwedPartition), ":first": records.String(first), ":last": records.String(last)},
	}, func(it records.Item) (bool, error) {
		var o Owed
		if err := attributevalue.UnmarshalMap(it, &o); err != nil {
			return false, fmt.Errorf("decode what is due: %w", err)
		}
		all = append(all, o)
		return len(all) < mostOwed, nil
	})
	return all, err
}

// Settle removes o.
func (s *Store) Settle(ctx context.Context, o Owed) error {
	if _, err := s.DB.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.Table, Key: o.key().Attributes()}); err != nil {
		return fmt.Errorf("remove what is due of %s: %w", o.Pipeline, err)
	}
	return nil
}

// Skip removes o, and records why its run is not made.
func (s *Store) Skip(ctx context.Context, o Owed, label, reason string, now time.Time) error {
	k := calendar.Skipped{Schedule: label, First: o.Logical, Last: o.Logical, Reason: reason}
	put, err := k.Put(s.Table, calendar.Schedule{Pipeline: o.Pipeline, Sort: "AFTER#" + o.Cause}, now)
	if err != nil {
		return err
	}
	if _, err := s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		put, {Delete: &types.Delete{TableName: &s.Table, Key: o.key().Attributes()}},
	}}); err != nil {
		return fmt.Errorf("record skipped date of %s: %w", o.Pipeline, err)
	}
	return nil
}

// Chosen splits what is due by catchup: what is made, and what is not.
func Chosen(all []Owed, catchup pipeline.Catchup) (made, skipped []Owed) {
	newest := time.Time{}
	for _, o := range all {
		if o.Logical.After(newest) {
			newest = o.Logical
		}
	}
	for _, o := range all {
		if catchup == pipeline.CatchupAll || catchup != pipeline.CatchupNone && o.Logical.Equal(newest) {
			made = append(made, o)
		} else {
			skipped = append(skipped, o)
		}
	}
	return made, skipped
}

// Dates are what is due of a pipeline, in short, and false if nothing is.
func Dates(all []Owed, a pipeline.After, catchup pipeline.Catchup) (calendar.Dates, bool) {
	if len(all) == 0 {
		return calendar.Dates{}, false
	}
	made, _ := Chosen(all, catchup)
	return calendar.Dates{Schedule: Label(a), Timezone: "UTC", Due: len(all), First: all[0].Logical, Last: all[len(all)-1].Logical, Made: len(made)}, true
}

// Label names what a pipeline waits for.
func Label(a pipeline.After) string {
	label := "after"
	for i, t := range a.On {
		if i > 0 {
			label += ","
		}
		label += " " + t.String()
	}
	return label
}
