package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/ledger"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
)

// between runs something right before the next transaction, after its batch was read.
type between struct {
	ledger.DB

	first func()
}

func (b *between) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	if first := b.first; first != nil {
		b.first = nil
		first()
	}
	return b.DB.TransactWriteItems(ctx, in, o...)
}

// An object that is added while a manifest or a marker arrives does not undo its arrival: neither changes the number of
// objects, and without objects a marker changes nothing else.
func TestManifestBesideAnObject(t *testing.T) {
	t.Parallel()
	for name, as := range map[string]pipeline.Match{"manifest": pipeline.IsManifest, "marker": pipeline.IsMarker} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := &between{DB: awsfake.NewDynamoDB(awsfake.Table{
				Name: "ledger", PK: "pk", SK: "sk", Indexes: []awsfake.Index{{Name: records.ByClosing, PK: records.ClosingName, SK: records.ClosingOrderName}},
			})}
			store := &ledger.Store{DB: db, Table: "ledger"}
			trigger := pipeline.S3Trigger{Bucket: "raw", Prefix: "in/", Batch: &pipeline.Batch{Window: pipeline.Duration(time.Hour), Manifest: "*.manifest", Marker: "_DONE"}}
			add := func(key string, as pipeline.Match) ledger.Added {
				t.Helper()
				added, err := store.Add(t.Context(), "p", trigger, []ledger.Arrival{{Object: ledger.Object{Bucket: "raw", Key: key, ETag: key, Sequencer: "1", Size: 1, Time: time.Now()}, As: as}})
				if err != nil {
					t.Fatal(err)
				}
				return added
			}
			add("in/a.csv", pipeline.IsData)
			db.first = func() { add("in/closing", as) }
			last := add("in/b.csv", pipeline.IsData).Last
			b, err := store.Batch(t.Context(), last.ID)
			if err != nil || b.Count != 2 || b.Manifest+b.Marker != "s3://raw/in/closing" || last.Manifest+last.Marker != "s3://raw/in/closing" {
				t.Errorf("batch %+v, %v", b, err)
			}
		})
	}
}
