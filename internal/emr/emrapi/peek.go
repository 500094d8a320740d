package emrapi

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
	"ephemr/internal/stage"
)

// ReadAPI reads an item.
type ReadAPI interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
}

// Buckets reads the call budget without taking anything from it.
type Buckets struct {
	DB     ReadAPI
	Table  string
	Limits stage.Buckets
}

// Empty returns the bucket that refuses a call of api now, and for how long; "" if none
// does.
func (b Buckets) Empty(ctx context.Context, api string) (bucket string, wait time.Duration, _ error) {
	for _, name := range []string{api, stage.AccountBucket} {
		limit, ok := b.Limits.Of(name)
		if !ok {
			continue
		}
		reserved := 0
		if name == stage.AccountBucket {
			reserved = reserve(api, limit)
		}
		wait, err := b.wait(ctx, name, limit, reserved)
		if err != nil || wait > 0 {
			return name, wait, err
		}
	}
	return "", 0, nil
}

// wait is how long until a bucket has more tokens than are reserved.
func (b Buckets) wait(ctx context.Context, name string, limit stage.Bucket, reserved int) (time.Duration, error) {
	out, err := b.DB.GetItem(ctx, &dynamodb.GetItemInput{TableName: &b.Table, Key: records.BudgetKey(name).Attributes(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return 0, fmt.Errorf("read the EMR call budget for %s: %w", name, err)
	}
	n, ok := out.Item["tat"].(*types.AttributeValueMemberN)
	if !ok {
		return 0, nil // full
	}
	tat, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the EMR call budget for %s: %w", name, err)
	}
	own := bucket{limit: limit}
	latest := time.Now().UnixMicro() + int64(limit.Burst-1-reserved)*own.interval()
	return max(0, time.Duration(tat-latest)*time.Microsecond), nil
}
