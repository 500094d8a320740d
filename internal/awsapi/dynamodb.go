package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// DynamoDB reads and writes items.
type DynamoDB struct {
	getItem            Operation[dynamodb.GetItemInput, dynamodb.GetItemOutput, dynamodb.Options]
	putItem            Operation[dynamodb.PutItemInput, dynamodb.PutItemOutput, dynamodb.Options]
	updateItem         Operation[dynamodb.UpdateItemInput, dynamodb.UpdateItemOutput, dynamodb.Options]
	deleteItem         Operation[dynamodb.DeleteItemInput, dynamodb.DeleteItemOutput, dynamodb.Options]
	query              Operation[dynamodb.QueryInput, dynamodb.QueryOutput, dynamodb.Options]
	scan               Operation[dynamodb.ScanInput, dynamodb.ScanOutput, dynamodb.Options]
	transactWriteItems Operation[dynamodb.TransactWriteItemsInput, dynamodb.TransactWriteItemsOutput, dynamodb.Options]
}

// NewDynamoDB returns a client of cfg.
func NewDynamoDB(cfg aws.Config) *DynamoDB {
	c := dynamodb.NewFromConfig(cfg)
	return &DynamoDB{
		getItem:            c.GetItem,
		putItem:            c.PutItem,
		updateItem:         c.UpdateItem,
		deleteItem:         c.DeleteItem,
		query:              c.Query,
		scan:               c.Scan,
		transactWriteItems: c.TransactWriteItems,
	}
}

// GetItem reads an item.
func (d *DynamoDB) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	return d.getItem(ctx, in, o...)
}

// PutItem writes an item.
func (d *DynamoDB) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	return d.putItem(ctx, in, o...)
}

// UpdateItem changes an item.
func (d *DynamoDB) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return d.updateItem(ctx, in, o...)
}

// DeleteItem deletes an item.
func (d *DynamoDB) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	return d.deleteItem(ctx, in, o...)
}

// Query reads the items of a partition.
func (d *DynamoDB) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return d.query(ctx, in, o...)
}

// Scan reads the items of a table.
func (d *DynamoDB) Scan(ctx context.Context, in *dynamodb.ScanInput, o ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return d.scan(ctx, in, o...)
}

// TransactWriteItems writes items together or not at all.
func (d *DynamoDB) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return d.transactWriteItems(ctx, in, o...)
}
