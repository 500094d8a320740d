package records

import (
	"crypto/rand"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// WriteName is the attribute with the mark of the last conditional write of an item.
const WriteName = "write"

// mark names one conditional write. When its answer is lost, the SDK repeats it, and
// DynamoDB refuses the condition that the write itself has made false: then the item
// that it returns carries the mark. Transactions have ClientRequestToken for this,
// single writes have nothing:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html
type mark string

func newMark() mark { return mark(rand.Text()) }

// on reports whether m is the last write of it.
func (m mark) on(it Item) bool { return Text(it[WriteName]) == string(m) }

// put is it with the mark.
func (m mark) put(it Item) Item {
	marked := maps.Clone(it)
	marked[WriteName] = String(string(m))
	return marked
}

// update is in with the mark. Without a condition on the mark a repeated call would
// add to a number or a list twice.
func (m mark) update(in *dynamodb.UpdateItemInput) *dynamodb.UpdateItemInput {
	marked := *in
	marked.UpdateExpression = aws.String(andSet(aws.ToString(in.UpdateExpression), "#write = :write"))
	marked.ConditionExpression = aws.String("(" + aws.ToString(in.ConditionExpression) + ") AND (attribute_not_exists(#write) OR #write <> :write)")
	marked.ExpressionAttributeNames = with(in.ExpressionAttributeNames, "#write", WriteName)
	marked.ExpressionAttributeValues = with(in.ExpressionAttributeValues, ":write", String(string(m)))
	marked.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld
	return &marked
}

// andSet adds an assignment to an update expression, which has each clause once.
func andSet(expression, assignment string) string {
	if before, after, ok := strings.Cut(expression, "SET "); ok {
		return before + "SET " + assignment + ", " + after
	}
	return expression + " SET " + assignment
}

func with[V any](m map[string]V, key string, value V) map[string]V {
	out := maps.Clone(m)
	if out == nil {
		out = map[string]V{}
	}
	out[key] = value
	return out
}
