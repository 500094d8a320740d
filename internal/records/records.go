// Package records is the key space of all tables, and the one way to change an
// item conditionally. Each key builder says who writes the item and in which
// index it is; docs/architecture.md lists them all. What an item contains is in
// the package that owns it.
//
// Four tables, each with on-demand capacity and point-in-time recovery:
//
//	Runs       pk, sk   everything about a run in one partition (ADR 8)
//	Clusters   pk       clusters, pools, slots, call budgets, sizes
//	Pipelines  pk, sk   versions of pipelines, and what uploads start
//	Ledger     pk, sk   which run takes which object of S3, and batches of objects
package records

import "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

// Item is an item of a table, or the key attributes of one.
type Item = map[string]types.AttributeValue

// Names of the primary key's attributes, and of the one that expires items.
const (
	PartitionName = "pk"
	SortName      = "sk"
	TTLName       = "ttl"
)

// Key is the primary key of an item. Items of the Clusters table have no Sort.
type Key struct{ Partition, Sort string }

// Attributes is k as DynamoDB wants it.
func (k Key) Attributes() Item {
	it := Item{PartitionName: String(k.Partition)}
	if k.Sort != "" {
		it[SortName] = String(k.Sort)
	}
	return it
}

// String is an attribute that holds s.
func String(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

// Text is the string in v, or "" if v holds none.
func Text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}
