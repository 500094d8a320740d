package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/notify"
	"ephemr/internal/records"
)

// Held is a silence with what it keeps back.
type Held struct {
	Pipeline string `json:"pipeline"`
	Silence
	Count int         `json:"count"` // of runs without a message
	First *notify.Ref `json:"first,omitempty"`
	Last  *notify.Ref `json:"last,omitempty"`
}

// Silence keeps messages back until a time, or ends that.
func (s *Store) Silence(ctx context.Context, pipeline string, x Silence) error {
	key := records.SilenceKey(pipeline, x.Class)
	it, err := attributevalue.MarshalMap(x)
	if err != nil {
		return fmt.Errorf("encode silence: %w", err)
	}
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	it[records.StateName], it[records.StateOrderName] = records.String(records.Silences), records.String(records.TimeOrder(x.Until, pipeline))
	it[records.TTLName] = number(x.Until.Add(keepSent).Unix())
	if _, err := s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Table, Item: it}); err != nil {
		return fmt.Errorf("write silence of %s: %w", pipeline, err)
	}
	return s.wake(ctx, pipeline, x.At)
}

// Silences lists the silences that have not ended, with what they keep back. The index is
// eventually consistent.
func (s *Store) Silences(ctx context.Context, now time.Time) ([]Held, error) {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, IndexName: aws.String(records.ByState),
		KeyConditionExpression:    aws.String(records.StateName + " = :state AND " + records.StateOrderName + " > :now"),
		ExpressionAttributeValues: records.Item{":state": records.String(records.Silences), ":now": records.String(records.TimeOrder(now, "~"))},
	}
	all := []Held{}
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list silences: %w", err)
		}
		for _, it := range page.Items {
			h := Held{Pipeline: strings.TrimPrefix(records.Text(it[records.PartitionName]), records.NoticesPartition(""))}
			if err := attributevalue.UnmarshalMap(it, &h.Silence); err != nil {
				return nil, fmt.Errorf("list silences: %w", err)
			}
			if err := s.hold(ctx, &h); err != nil {
				return nil, err
			}
			all = append(all, h)
		}
	}
	return all, nil
}

// hold adds what a silence keeps back.
func (s *Store) hold(ctx context.Context, h *Held) error {
	b, err := s.read(ctx, h.Pipeline, records.NoticesLast, 1000)
	if err != nil {
		return err
	}
	b.state.Add(b.entries...)
	for _, t := range b.state.Threads {
		if p := t.Pending; p != nil && (h.Class == "" || h.Class == t.Class) {
			h.Count += p.Count
			last := notify.Ref{RunID: p.Message.RunID, At: p.Message.At}
			if h.First == nil || p.First.At.Before(h.First.At) {
				h.First = &p.First
			}
			if h.Last == nil || last.At.After(h.Last.At) {
				h.Last = &last
			}
		}
	}
	return nil
}

// covers is the end of the silences of a class that end after at, or at.
func covers(silences []Silence, class string, at time.Time) (until time.Time) {
	until = at
	for _, s := range silences {
		if slices.Contains([]string{"", class}, s.Class) && s.Until.After(until) {
			until = s.Until
		}
	}
	return until
}
