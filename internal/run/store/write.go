package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

// encode marshals a record and adds its key.
func encode(record any, key records.Key) (item, error) {
	it, err := attributevalue.MarshalMap(record)
	if err != nil {
		return nil, fmt.Errorf("encode %s of run %s: %w", key.Sort, key.Partition, err)
	}
	it[records.PartitionName], it[records.SortName] = records.String(key.Partition), records.String(key.Sort)
	it[records.TTLName] = &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Add(keepHistory).Unix(), 10)}
	return it, nil
}

func set(u expression.UpdateBuilder, name string, value any) expression.UpdateBuilder {
	return u.Set(expression.Name(name), expression.Value(value))
}

// update changes one item if cond holds; false says that it did not.
func (s *Runs) update(ctx context.Context, key records.Key, u expression.UpdateBuilder, cond expression.ConditionBuilder) (bool, error) {
	changed, err := records.Update(ctx, s.DB, s.Table, key, u, cond)
	if err != nil {
		return false, fmt.Errorf("update %s of run %s: %w", key.Sort, key.Partition, err)
	}
	return changed, nil
}

// put writes one record if cond holds; false says that it did not.
func (s *Runs) put(ctx context.Context, record any, key records.Key, cond expression.ConditionBuilder) (bool, error) {
	it, err := encode(record, key)
	if err != nil {
		return false, err
	}
	return s.putItem(ctx, it, key, cond)
}

func (s *Runs) putItem(ctx context.Context, it item, key records.Key, cond expression.ConditionBuilder) (bool, error) {
	changed, err := records.Put(ctx, s.DB, s.Table, it, cond)
	if err != nil {
		return false, fmt.Errorf("write %s of run %s: %w", key.Sort, key.Partition, err)
	}
	return changed, nil
}
