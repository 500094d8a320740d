// Command intake turns events and requests into queued runs.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/entry"
	"ephemr/internal/intake"
	"ephemr/internal/register"
	"ephemr/internal/run/store"
)

func main() {
	cfg, settings := entry.Boot(context.Background(), os.Getenv)
	db := dynamodb.NewFromConfig(cfg)
	k := &intake.Intake{
		Settings:  settings,
		Runs:      &store.Runs{DB: db, Table: settings.RunsTable},
		Pipelines: &register.Store{DB: db, Table: settings.PipelinesTable},
		Users:     &intake.UserStore{Settings: settings, SSM: ssm.NewFromConfig(cfg)},
		SQS:       sqs.NewFromConfig(cfg),
		Lambda:    lambda.NewFromConfig(cfg),
	}
	entry.Start(k.Handle)
}
