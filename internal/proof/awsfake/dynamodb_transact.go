package awsfake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

const (
	maxTransact  = 100
	maxTogether  = 4 << 20 // bytes of all items of a transaction
	tokenIsKnown = 10 * time.Minute
)

// transactToken is a ClientRequestToken and its request.
type transactToken struct {
	request string
	until   time.Time
}

// TransactWriteItems does all of its writes or none.
func (db *DynamoDB) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return call(ctx, &db.Control, "TransactWriteItems", func() (*dynamodb.TransactWriteItemsOutput, error) {
		db.mu.Lock()
		defer db.mu.Unlock()
		if n := len(in.TransactItems); n < 1 || n > maxTransact {
			return nil, ddbexpr.Invalid("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100")
		}
		known, err := db.checkToken(in)
		if err != nil || known {
			return &dynamodb.TransactWriteItemsOutput{}, err
		}
		changes, err := db.planTransaction(in.TransactItems)
		if err != nil {
			return nil, err
		}
		for _, c := range changes {
			c.apply(db)
		}
		if in.ClientRequestToken != nil {
			db.tokens[*in.ClientRequestToken] = transactToken{fingerprint(in), time.Now().Add(tokenIsKnown)}
		}
		return &dynamodb.TransactWriteItemsOutput{}, nil
	})
}

// checkToken says whether the transaction was executed before.
func (db *DynamoDB) checkToken(in *dynamodb.TransactWriteItemsInput) (bool, error) {
	if in.ClientRequestToken == nil {
		return false, nil
	}
	t, ok := db.tokens[*in.ClientRequestToken]
	if !ok || !time.Now().Before(t.until) {
		return false, nil
	}
	if t.request != fingerprint(in) {
		return false, &types.IdempotentParameterMismatchException{Message: aws.String("Request token was used before with other parameters")}
	}
	return true, nil
}

func fingerprint(in *dynamodb.TransactWriteItemsInput) string {
	var b strings.Builder
	for _, i := range in.TransactItems {
		op, err := transactOp(i)
		if err != nil {
			continue
		}
		fmt.Fprintf(&b, "%d|%s|%s|%s|%s|%v|%s;", op.kind, deref(op.table), dump(op.item), deref(op.condition), deref(op.update), op.names, dump(op.values))
	}
	return b.String()
}

// dump writes an item so that equal items have equal texts.
func dump(item Item) string {
	var b strings.Builder
	m := types.AttributeValueMemberM{Value: item}
	ddbexpr.Write(&b, &m)
	return b.String()
}

func transactOp(i types.TransactWriteItem) (writeOp, error) {
	var ops []writeOp
	if p := i.Put; p != nil {
		ops = append(ops, writeOp{putWrite, p.TableName, p.Item, nil, p.ConditionExpression, p.ExpressionAttributeNames, p.ExpressionAttributeValues, p.ReturnValuesOnConditionCheckFailure})
	}
	if u := i.Update; u != nil {
		ops = append(ops, writeOp{updateWrite, u.TableName, u.Key, u.UpdateExpression, u.ConditionExpression, u.ExpressionAttributeNames, u.ExpressionAttributeValues, u.ReturnValuesOnConditionCheckFailure})
	}
	if d := i.Delete; d != nil {
		ops = append(ops, writeOp{deleteWrite, d.TableName, d.Key, nil, d.ConditionExpression, d.ExpressionAttributeNames, d.ExpressionAttributeValues, d.ReturnValuesOnConditionCheckFailure})
	}
	if c := i.ConditionCheck; c != nil {
		ops = append(ops, writeOp{checkWrite, c.TableName, c.Key, nil, c.ConditionExpression, c.ExpressionAttributeNames, c.ExpressionAttributeValues, c.ReturnValuesOnConditionCheckFailure})
	}
	if len(ops) != 1 {
		return writeOp{}, ddbexpr.Invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	if op := ops[0]; op.kind == updateWrite && op.update == nil || op.kind == checkWrite && op.condition == nil {
		return writeOp{}, ddbexpr.Invalid("1 validation error detected: Value null at 'transactItems' failed to satisfy constraint: Member must not be null")
	}
	return ops[0], nil
}

var errTooLarge = errors.New("transaction too large")

// size is that of the item that a change reads or writes.
func (c change) size() int {
	size := 0
	for _, r := range []*record{c.old, c.now} {
		if r != nil {
			size = max(size, r.size)
		}
	}
	return size
}

// planTransaction plans every write against the tables as they are. A failed
// condition or a bad value cancels the transaction with a reason for each
// write; a malformed request is refused as such.
func (db *DynamoDB) planTransaction(items []types.TransactWriteItem) ([]change, error) {
	changes := make([]change, len(items))
	reasons := make([]types.CancellationReason, len(items))
	seen := map[string]bool{}
	cancelled, size := false, 0
	for i, item := range items {
		op, err := transactOp(item)
		if err != nil {
			return nil, err
		}
		c, err := db.plan(op)
		if err != nil && c.table == nil {
			return nil, err
		}
		reasons[i] = reason(err)
		if size += c.size(); err == nil && size > maxTogether {
			reasons[i] = types.CancellationReason{Code: aws.String("ValidationError"), Message: aws.String("The aggregate size of the items in the transaction exceeds 4 MB")}
			err = errTooLarge
		}
		cancelled = cancelled || err != nil
		key := c.table.name + "\x00" + c.id
		if seen[key] {
			return nil, ddbexpr.Invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[key], changes[i] = true, c
	}
	if !cancelled {
		return changes, nil
	}
	return nil, cancellation(reasons)
}

// TransactionConflict returns the error of a transaction that met another write of one
// of its items.
func TransactionConflict() error {
	return cancellation([]types.CancellationReason{{Code: aws.String("TransactionConflict")}})
}

func reason(err error) types.CancellationReason {
	if err == nil {
		return types.CancellationReason{Code: aws.String("None")}
	}
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return types.CancellationReason{Code: aws.String("ConditionalCheckFailed"), Message: failed.Message, Item: failed.Item}
	}
	return types.CancellationReason{Code: aws.String("ValidationError"), Message: aws.String(messageOf(err))}
}

func cancellation(reasons []types.CancellationReason) error {
	codes := make([]string, len(reasons))
	for i, r := range reasons {
		codes[i] = *r.Code
	}
	return &types.TransactionCanceledException{
		Message:             aws.String("Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]"),
		CancellationReasons: reasons,
	}
}
