// Command writer is the least that a function can do with a message that must have
// its effect once: one conditional write each.
package main

import (
	"context"
	"os"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"ephemr/internal/awsapi"
	"ephemr/internal/entry"
	"ephemr/internal/records"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := awsapi.NewDynamoDB(cfg)
	entry.Start(func(ctx context.Context, batch lambdaevents.SQSEvent) (lambdaevents.SQSEventResponse, error) {
		none := lambdaevents.SQSEventResponse{BatchItemFailures: []lambdaevents.SQSBatchItemFailure{}}
		for _, m := range batch.Records {
			key := records.Key{Partition: "BENCH#" + m.MessageId, Sort: "MESSAGE"}
			it := key.Attributes()
			it["body"] = records.String(m.Body)
			if _, err := records.Put(ctx, db, settings.RunsTable, it, records.Absent()); err != nil {
				return none, err
			}
		}
		return none, nil
	})
}
