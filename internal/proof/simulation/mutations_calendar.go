package simulation

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/internal/intake"
	"ephemr/internal/records"
	"ephemr/internal/run/store"
)

// NextFromNow lets the calendar compute the next date from the clock: it knows nothing
// of the dates since the last tick that it had.
func NextFromNow(c *Config) {
	c.Table = func(db store.DB) store.DB { return &clockbound{DB: db, real: map[string]string{}} }
}

type clockbound struct {
	store.DB

	mu   sync.Mutex
	real map[string]string // what a schedule is said to have handled -> what it has
}

func (f *clockbound) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := f.DB.Query(ctx, in, o...)
	if err != nil || aws.ToString(in.IndexName) != records.ByDue {
		return out, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range out.Items {
		now := time.Now().UTC().Add(-time.Minute).Format(time.RFC3339Nano)
		f.real[now], it["last"] = records.Text(it["last"]), records.String(now)
	}
	return out, nil
}

func (f *clockbound) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	f.mu.Lock()
	for name, value := range in.ExpressionAttributeValues {
		if last, ok := f.real[records.Text(value)]; ok {
			in.ExpressionAttributeValues[name] = records.String(last)
		}
	}
	f.mu.Unlock()
	return f.DB.UpdateItem(ctx, in, o...)
}

// MoveFirst lets the calendar record that dates are handled before it requests their runs.
func MoveFirst(c *Config) {
	m := &hasty{unsent: map[string][]func(){}}
	c.Table = func(db store.DB) store.DB { return &moving{db, m} }
	c.SQS = func(api intake.QueueAPI) intake.QueueAPI { return &sending{api, m} }
}

// hasty has what an invocation has not sent yet.
type hasty struct {
	mu     sync.Mutex
	unsent map[string][]func()
}

type sending struct {
	intake.QueueAPI
	*hasty
}

func (s *sending) SendMessage(ctx context.Context, in *sqs.SendMessageInput, o ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return s.QueueAPI.SendMessage(ctx, in, o...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsent[lc.AwsRequestID] = append(s.unsent[lc.AwsRequestID], func() { _, _ = s.QueueAPI.SendMessage(ctx, in, o...) })
	return &sqs.SendMessageOutput{}, nil
}

type moving struct {
	store.DB
	*hasty
}

func (m *moving) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	out, err := m.DB.UpdateItem(ctx, in, o...)
	if err == nil {
		m.send(ctx)
	}
	return out, err
}

func (m *moving) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	out, err := m.DB.TransactWriteItems(ctx, in, o...)
	if err == nil {
		m.send(ctx)
	}
	return out, err
}

func (m *moving) send(ctx context.Context) {
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return
	}
	m.mu.Lock()
	all := m.unsent[lc.AwsRequestID]
	delete(m.unsent, lc.AwsRequestID)
	m.mu.Unlock()
	for _, send := range all {
		send()
	}
}
