package pause

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
)

// Command returns ephemr pause.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "pause PIPELINE",
		Short: "stop the triggers of a pipeline",
		Long: `Stop the triggers of a pipeline until ephemr resume.

Runs that were requested before go on. Planned times that become due meanwhile are kept: ephemr calendar and
ephemr pipelines list them, and ephemr resume --catchup decides which of them are made. Uploads that match an S3
trigger start nothing, and requests and ephemr start are refused. New versions of a paused pipeline are paused, too.`,
		Example: `  ephemr pause flights-daily --why "source is being migrated"
  ephemr calendar flights-daily
  ephemr resume flights-daily --catchup all`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Pipeline, o.JSON, o.Why = args[0], app.JSON(), cmp.Or(o.Why, "paused by "+session.Who())
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Pipelines(app)),
	}
	cmd.Flags().StringVar(&o.Why, "why", "", `reason to record (default "paused by" and your user name)`)
	return cmd
}
