package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/notify"
	"ephemr/internal/records"
	"ephemr/internal/run/store"
)

// Store keeps entries, threads, silences and messages in the Runs table.
type Store struct {
	DB    store.DB
	Table string
}

// keep is how long what is not sent is kept, and keepSent how long what was sent.
const (
	keep     = 400 * 24 * time.Hour
	keepSent = 30 * 24 * time.Hour
)

// of names the partition of a message.
func of(m notify.Message) string {
	if m.Pipeline == "" {
		return "team " + m.Team
	}
	return m.Pipeline
}

// Post is the write of an entry, for the transaction that records what it is about. id
// is unique for that.
func (s *Store) Post(e notify.Entry, id string) (types.TransactWriteItem, error) {
	key := records.EntryKey(of(e.Message), e.Message.At, id)
	it, err := blob(key, e, keep)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	indexed(it, e.Message.At)
	return types.TransactWriteItem{Put: &types.Put{TableName: &s.Table, Item: it}}, nil
}

// Put posts an entry by itself. It is posted once, however often it is called, as long as
// it is not sent.
func (s *Store) Put(ctx context.Context, e notify.Entry, id string) error {
	w, err := s.Post(e, id)
	if err == nil {
		_, err = s.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Table, Item: w.Put.Item})
	}
	if err != nil {
		return fmt.Errorf("write notice of %s: %w", of(e.Message), err)
	}
	return nil
}

// Awaits reports whether a success of a pipeline would be reported: something of it has
// failed, or is about to be reported.
func (s *Store) Awaits(ctx context.Context, pipeline string) (bool, error) {
	b, err := s.read(ctx, pipeline, records.EntryPrefix+"~", 2)
	if err != nil {
		return false, err
	}
	return len(b.keys) > 0 || b.state.Failing(), nil
}

// box is what is read of a pipeline's notices.
type box struct {
	of       string
	state    State
	version  int
	order    string // in the index; "" = not in it
	entries  []notify.Entry
	keys     []records.Item // of entries
	silences []Silence
	more     bool // entries that were not read
	broken   bool // one of those that were read cannot be decoded
}

// read reads the threads, the oldest entries up to a limit, and then silences.
func (s *Store) read(ctx context.Context, of, last string, limit int32) (*box, error) {
	b := &box{of: of}
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true), Limit: &limit,
		KeyConditionExpression: aws.String(records.PartitionName + " = :pk AND " + records.SortName + " BETWEEN :from AND :to"),
		ExpressionAttributeValues: records.Item{
			":pk": records.String(records.NoticesPartition(of)), ":from": records.String(records.NoticesFirst), ":to": records.String(last),
		},
	}
	out, err := s.DB.Query(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("read notices of %s: %w", of, err)
	}
	for _, it := range out.Items {
		sort := records.Text(it[records.SortName])
		switch err := b.add(it); {
		case err == nil:
		case sort == records.ThreadsSort: // without it, messages would be sent again
			return nil, fmt.Errorf("read notices of %s: %w", of, err)
		default: // it stays, and the others are reported
			b.broken = true
			slog.ErrorContext(ctx, "record of notices unreadable", "pipeline", of, "record", sort, "error", err.Error())
		}
	}
	b.more = len(out.LastEvaluatedKey) > 0
	return b, nil
}

func (b *box) add(it records.Item) error {
	switch sort := records.Text(it[records.SortName]); {
	case sort == records.ThreadsSort:
		b.order = records.Text(it[records.StateOrderName])
		if err := attributevalue.Unmarshal(it["version"], &b.version); err != nil {
			return err
		}
		return json.Unmarshal([]byte(records.Text(it["json"])), &b.state)
	case strings.HasPrefix(sort, records.EntryPrefix):
		var e notify.Entry
		if err := json.Unmarshal([]byte(records.Text(it["json"])), &e); err != nil {
			return err
		}
		b.entries = append(b.entries, e)
		b.keys = append(b.keys, records.Item{records.PartitionName: it[records.PartitionName], records.SortName: it[records.SortName]})
	case strings.HasPrefix(sort, records.SilencePrefix):
		var x Silence
		if err := attributevalue.UnmarshalMap(it, &x); err != nil {
			return err
		}
		b.silences = append(b.silences, x)
	}
	return nil
}

// commit replaces what was read by b's new state and messages, all or nothing; false =
// another invocation was faster.
func (s *Store) commit(ctx context.Context, b *box, out []Outgoing, now time.Time) (bool, error) {
	it, err := blob(records.ThreadsKey(b.of), b.state, keep)
	if err != nil {
		return false, err
	}
	it["version"] = &types.AttributeValueMemberN{Value: strconv.Itoa(b.version + 1)}
	if due, ok := b.state.Due(b.silences); ok {
		indexed(it, due)
	}
	before := records.Absent()
	if b.version > 0 {
		before = records.Is("version", b.version)
	}
	first, err := records.PutWrite(s.Table, it, before)
	if err != nil {
		return false, err
	}
	writes := []types.TransactWriteItem{first}
	for _, key := range b.keys {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{
			TableName: &s.Table, Key: key, ConditionExpression: aws.String("attribute_exists(" + records.PartitionName + ")"),
		}})
	}
	for _, o := range out {
		m, err := o.item(now)
		if err != nil {
			return false, err
		}
		writes = append(writes, types.TransactWriteItem{Put: &types.Put{TableName: &s.Table, Item: m}})
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	switch {
	case records.ConditionFailed(err), records.Conflicted(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("write notices of %s: %w", b.of, err)
	}
	return true, nil
}

// rest puts the threads where the index has them until the next message is due.
func (s *Store) rest(ctx context.Context, b *box) error {
	u := expression.Remove(expression.Name(records.StateName)).Remove(expression.Name(records.StateOrderName))
	order := ""
	if due, ok := b.state.Due(b.silences); ok {
		order = records.TimeOrder(due, records.ThreadsSort)
		u = expression.Set(expression.Name(records.StateName), expression.Value(records.Notices)).Set(expression.Name(records.StateOrderName), expression.Value(order))
	}
	if order == b.order {
		return nil
	}
	if _, err := records.Update(ctx, s.DB, s.Table, records.ThreadsKey(b.of), u, records.Is("version", b.version)); err != nil {
		return fmt.Errorf("write notices of %s: %w", b.of, err)
	}
	return nil
}

// Due visits the pipelines with something to do by now, and the messages that are due. What
// cannot be read does not delay the others, and is an error in the end. The index is
// eventually consistent.
func (s *Store) Due(ctx context.Context, now time.Time, pipeline func(of string), message func(Outgoing)) error {
	in := &dynamodb.QueryInput{
		TableName: &s.Table, IndexName: aws.String(records.ByState),
		KeyConditionExpression:    aws.String(records.StateName + " = :state AND " + records.StateOrderName + " <= :now"),
		ExpressionAttributeValues: records.Item{":state": records.String(records.Notices), ":now": records.String(records.TimeOrder(now, "~"))},
	}
	var errs []error
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("list notices: %w", err))...)
		}
		for _, it := range page.Items {
			if !strings.HasPrefix(records.Text(it[records.SortName]), records.SendingPrefix) {
				pipeline(strings.TrimPrefix(records.Text(it[records.PartitionName]), records.NoticesPartition("")))
				continue
			}
			var o Outgoing
			if err := o.read(it); err != nil {
				errs = append(errs, err)
				continue
			}
			message(o)
		}
	}
	return errors.Join(errs...)
}

// wake has the threads of a pipeline looked at: what is due has changed.
func (s *Store) wake(ctx context.Context, pipeline string, now time.Time) error {
	u := expression.Set(expression.Name(records.StateName), expression.Value(records.Notices)).
		Set(expression.Name(records.StateOrderName), expression.Value(records.TimeOrder(now, records.ThreadsSort))).
		Add(expression.Name("version"), expression.Value(1)) // a worker that has read the threads before does not undo it
	if _, err := records.Update(ctx, s.DB, s.Table, records.ThreadsKey(pipeline), u, records.Present()); err != nil {
		return fmt.Errorf("write notices of %s: %w", pipeline, err)
	}
	return nil
}

// blob is an item with a value as JSON.
func blob(key records.Key, v any, ttl time.Duration) (records.Item, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", key.Sort, err)
	}
	it := key.Attributes()
	it["json"], it[records.TTLName] = records.String(string(data)), number(time.Now().Add(ttl).Unix())
	return it, nil
}

func indexed(it records.Item, due time.Time) {
	it[records.StateName] = records.String(records.Notices)
	it[records.StateOrderName] = records.String(records.TimeOrder(due, records.Text(it[records.SortName])))
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
