package calendar

import (
	"ephemr/internal/calendar"
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"
)

// Command returns ephemr calendar.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "calendar PIPELINE",
		Short: "list the dates of a pipeline's schedules, and what has become of them",
		Long: `List the planned times of a pipeline's schedules with their runs, those that were skipped and why, those that are
missing, and the next ten in the schedule's time zone and in UTC. Without --from and --to: the last 14 days, at
most 100 dates. Dates without a time are days in the time zone of the pipeline's first schedule.`,
		Example: `  ephemr calendar flights-daily
  ephemr calendar flights-daily --from 2026-11-01 --to 2026-11-30
  ephemr calendar flights-daily -o json | jq -r '.dates[] | select(.cells[0].state == "missing") | .planned'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Pipeline, o.JSON = args[0], app.JSON()
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), o, app.IO, Clients{
				Pipelines: s.Pipelines(),
				Runs:      s.Runs(),
				Skips:     &calendar.Store{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.PipelinesTable, Runs: s.Settings.RunsTable},
			})
		},
		ValidArgsFunction: complete.Args(complete.Pipelines(app)),
	}
	cmd.Flags().StringVar(&o.From, "from", "", "first date or time, like 2026-11-01 or 2026-11-01T03:00:00Z")
	cmd.Flags().StringVar(&o.To, "to", "", "last date or time; default now")
	return cmd
}
