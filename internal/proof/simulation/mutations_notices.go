package simulation

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
	"ephemr/internal/run/store"
)

// CollectBlindly takes entries into threads whichever version of these it has read.
func CollectBlindly(c *Config) { c.Table = func(db store.DB) store.DB { return collected{db} } }

type collected struct{ store.DB }

func (x collected) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	changed := *in
	changed.TransactItems = slices.Clone(in.TransactItems)
	for i, w := range changed.TransactItems {
		switch {
		case w.Put != nil && text(w.Put.Item["sk"]) == records.ThreadsSort:
			put := *w.Put
			put.ConditionExpression = always(put.ConditionExpression)
			changed.TransactItems[i] = types.TransactWriteItem{Put: &put}
		case w.Delete != nil && strings.HasPrefix(text(w.Delete.Key["sk"]), records.EntryPrefix):
			gone := *w.Delete
			gone.ConditionExpression = always(aws.String("attribute_exists(pk)"))
			changed.TransactItems[i] = types.TransactWriteItem{Delete: &gone}
		}
	}
	return x.DB.TransactWriteItems(ctx, &changed, o...)
}

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
