package simulation

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/run/store"
)

// CloseBlindly writes batches whatever they are by now: those that are closed are added
// to, and those that are added to are closed.
func CloseBlindly(c *Config) {
	c.Table = func(db store.DB) store.DB { return blindly{unconditional{db, "BATCH#"}} }
}

// CountBlindly adds objects to batches whether they were taken before or not.
func CountBlindly(c *Config) {
	c.Table = func(db store.DB) store.DB { return blindly{unconditional{db, "OBJECT#"}} }
}

// blindly takes the conditions from the parts of transactions, too.
type blindly struct{ unconditional }

func (b blindly) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	changed := *in
	changed.TransactItems = slices.Clone(in.TransactItems)
	for i, x := range changed.TransactItems {
		if x.Put != nil && strings.HasPrefix(text(x.Put.Item["pk"]), b.prefix) {
			put := *x.Put
			put.ConditionExpression = always(put.ConditionExpression)
			changed.TransactItems[i].Put = &put
		}
	}
	return b.DB.TransactWriteItems(ctx, &changed, o...)
}
