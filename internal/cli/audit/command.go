package audit

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"

	"ephemr/internal/audit"
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
)

// Command returns ephemr audit.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "list who asked for what",
		Long: `List who asked for what and when, oldest first: requests that started runs or were refused, operations on runs,
clusters and pipelines, registrations, and what runs have published. Runs that triggers have started are not listed.

Senders of requests are reported by SQS. All others are names that the caller's ephemr has sent; with -o json each has
the id of its invocation, for which CloudTrail has the caller if it records data events of Lambda.`,
		Example: `  ephemr audit --last 7d
  ephemr audit --pipeline flights-daily --by anna
  ephemr audit --last 30d -o json | jq '.[] | select(.action == "cancel") | {at, by, runId}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.JSON = app.JSON()
			trail := &audit.Trail{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.RunsTable}
			return Run(cmd.Context(), o, app.IO, trail, s.Runs(), time.Now())
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&o.Pipeline, "pipeline", "", "only what is about this pipeline or its runs")
	cmd.Flags().StringVar(&o.By, "by", "", "only by callers whose name contains this text")
	cmd.Flags().StringVar(&o.Last, "last", "7d", "how far back, such as 12h or 30d; at most 400d")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("pipeline", complete.Pipelines(app)))
	return cmd
}
