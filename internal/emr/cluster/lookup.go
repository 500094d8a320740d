package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

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

// Lookup returns the records of clusters, by id. Those that are missing do not
// belong to the stage. Of one that cannot be decoded only the id is known.
func Lookup(ctx context.Context, db BatchAPI, table string, ids []string) (map[string]Record, error) {
	found := map[string]Record{}
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
				c, err := pool.Decode(it)
				if err != nil { // the others are not affected
					slog.WarnContext(ctx, "record unreadable: skipped", "clusterId", records.Text(it[records.PartitionName]), "error", err.Error())
					c = Record{ID: records.Text(it[records.PartitionName])}
				}
				found[c.ID] = c
			}
			wanted = out.UnprocessedKeys
		}
	}
	return found, nil
}
