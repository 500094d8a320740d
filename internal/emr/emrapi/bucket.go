package emrapi

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
	"ephemr/internal/stage"
)

// TableAPI is the part of DynamoDB that the buckets need.
type TableAPI interface {
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// bucket is a token bucket in one number: tat, the theoretical arrival time of
// the generic cell rate algorithm, in microseconds since 1970. It is when the
// bucket will be full again; each token taken puts it off by one interval.
type bucket struct {
	db    TableAPI
	table string
	name  string // an API or stage.AccountBucket
	limit stage.Bucket
}

// interval is how long one token takes to come, in microseconds.
func (b bucket) interval() int64 { return int64(1e6 / b.limit.PerSecond) }

// take takes a token, unless only reserve of them are left: then it returns how
// long until there is one more.
//
// A full bucket costs one write, any other two, of which the first fails; an
// empty one shows itself in that failure and costs one.
func (b bucket) take(ctx context.Context, reserve int) (time.Duration, error) {
	now := time.Now().UnixMicro()
	latest := now + int64(b.limit.Burst-1-reserve)*b.interval()
	tat, ok, err := b.update(ctx, "SET tat = :next", "attribute_not_exists(tat) OR tat < :now",
		values{":next": now + b.interval(), ":now": now})
	if err == nil && !ok && tat <= latest {
		tat, ok, err = b.update(ctx, "SET tat = tat + :interval", "tat <= :latest", values{":interval": b.interval(), ":latest": latest})
	}
	if err != nil || ok {
		return 0, err
	}
	return time.Duration(tat-latest) * time.Microsecond, nil
}

// give returns a token that was not used.
func (b bucket) give(ctx context.Context) error {
	_, _, err := b.update(ctx, "SET tat = tat - :interval", "attribute_exists(tat)", values{":interval": b.interval()})
	return err
}

// drain takes all tokens: the next one comes after an interval.
func (b bucket) drain(ctx context.Context) error {
	empty := time.Now().UnixMicro() + int64(b.limit.Burst)*b.interval()
	_, _, err := b.update(ctx, "SET tat = :empty", "attribute_not_exists(tat) OR tat < :empty", values{":empty": empty})
	return err
}

type values map[string]int64

// update changes the bucket if condition holds; otherwise it returns its tat.
func (b bucket) update(ctx context.Context, update, condition string, v values) (int64, bool, error) {
	in := &dynamodb.UpdateItemInput{
		TableName: &b.table, Key: records.BudgetKey(b.name).Attributes(),
		UpdateExpression: &update, ConditionExpression: &condition,
		ExpressionAttributeValues: records.Item{},
	}
	for name, n := range v {
		in.ExpressionAttributeValues[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
	}
	it, changed, err := records.Apply(ctx, b.db, in)
	if err != nil {
		return 0, false, fmt.Errorf("update the EMR call budget for %s: %w", b.name, err)
	}
	if changed {
		return 0, true, nil
	}
	n, ok := it["tat"].(*types.AttributeValueMemberN)
	if !ok {
		return 0, false, nil // it was deleted just now
	}
	tat, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return 0, false, fmt.Errorf("read the EMR call budget for %s: %w", b.name, err)
	}
	return tat, false, nil
}
