package simulation

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
	"ephemr/internal/run/store"
)

// ReportLater marks that a notice is recorded before it is, so that it is lost when the
// function dies between them.
func ReportLater(c *Config) { c.Table = func(db store.DB) store.DB { return twoSteps{db} } }

type twoSteps struct{ store.DB }

func (x twoSteps) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	entry := func(w types.TransactWriteItem) bool {
		return w.Put != nil && strings.HasPrefix(text(w.Put.Item["sk"]), records.EntryPrefix)
	}
	first := *in
	first.TransactItems = slices.DeleteFunc(slices.Clone(in.TransactItems), entry)
	out, err := x.DB.TransactWriteItems(ctx, &first, o...)
	for _, w := range in.TransactItems {
		if err == nil && entry(w) {
			_, err = x.PutItem(ctx, &dynamodb.PutItemInput{TableName: w.Put.TableName, Item: w.Put.Item})
		}
	}
	return out, err
}
