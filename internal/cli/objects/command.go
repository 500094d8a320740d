package objects

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
)

// Command returns ephemr objects.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "objects [s3://BUCKET/KEY]",
		Short: "show which run took an object; find objects that none took",
		Long: `Show which run of which pipeline took an object of S3, for each of its versions. BUCKET is a bucket or a zone of the
lake.

--missing lists the buckets of a pipeline's S3 triggers and shows the objects that match and that the pipeline has
not taken: S3 events may be lost, a pipeline may have been paused or registered later. --feed gives them to the
pipeline. An object that is reported later by S3 is not taken again.

The exit code is 1 if no pipeline took the object, or if objects are missing and were not fed.`,
		Example: `  ephemr objects s3://raw/orders/2026-11-30.csv
  ephemr objects --missing orders --since 2026-11-01
  ephemr objects --missing orders --feed`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.JSON = app.JSON()
			if (len(args) == 1) == (o.Pipeline != "") {
				return exit.Usage("name an object, or a pipeline with --missing")
			}
			if o.Feed && o.Pipeline == "" {
				return exit.Usage("--feed requires --missing")
			}
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return Show(cmd.Context(), args[0], o, app.IO, s.Settings, s.Ledger())
			}
			return Missing(cmd.Context(), o, app.IO, s.Settings, Clients{
				Pipelines: s.Pipelines(), Ledger: s.Ledger(), S3: s.S3(), Lambda: lambda.NewFromConfig(s.Config),
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Pipeline, "missing", "", "list objects that this `PIPELINE` has not taken")
	flags.BoolVar(&o.Feed, "feed", false, "give the missing objects to the pipeline")
	flags.StringVar(&o.Since, "since", "", "only objects created since this date or time, in UTC (default 7 days ago)")
	flags.DurationVar(&o.Older, "older", 5*time.Minute, "only objects that are older: events of others may be on their way")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("missing", complete.Pipelines(app)))
	return cmd
}
