package cluster

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/emr/pool"
	"ephemr/internal/records"
)

// BatchAPI reads many items at once.
type BatchAPI interface {
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
}

// perBatch is how many items DynamoDB reads at once.
const perBatch = 100

// Known is what a Clusters table knows of a cluster.
type Known struct {
	Entry

	Member *pool.Cluster // nil = it is no pool's
}

// Lookup returns what a Clusters table knows of clusters, by id. Those that are
// missing are not the stage's.
func Lookup(ctx context.Context, db BatchAPI, table string, ids []string) (map[string]Known, error) {
	known := map[string]Known{}
	for chunk := range slices.Chunk(ids, perBatch) {
		var keys []map[string]types.AttributeValue
		for _, id := range chunk {
			keys = append(keys, records.ClusterKey(id).Attributes())
		}
		for wanted := map[string]types.KeysAndAttributes{table: {Keys: keys}}; len(wanted) > 0; {
			out, err := db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: wanted})
			if err != nil {
				return nil, fmt.Errorf("look up %d clusters: %w", len(ids), err)
			}
			for _, it := range out.Responses[table] {
				k, err := read(it)
				if err != nil {
					return nil, err
				}
				known[k.ID] = k
			}
			wanted = out.UnprocessedKeys
		}
	}
	return known, nil
}

func read(it map[string]types.AttributeValue) (k Known, err error) {
	if err := attributevalue.UnmarshalMap(it, &k.Entry); err != nil {
		return k, fmt.Errorf("read cluster: %w", err)
	}
	if k.Pool == "" {
		return k, nil
	}
	k.Member = &pool.Cluster{}
	if err := attributevalue.UnmarshalMap(it, k.Member); err != nil {
		return k, fmt.Errorf("read cluster %s of pool %s: %w", k.ID, k.Pool, err)
	}
	return k, nil
}
