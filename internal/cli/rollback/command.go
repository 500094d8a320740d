package rollback

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
)

// Command returns ephemr rollback.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "rollback PIPELINE",
		Short: "make an older version of a pipeline the newest one",
		Long: `Register the content of an older version of a pipeline as a new version, with its triggers.

It is checked as ephemr apply checks a file, and its packages must still be in the artifacts bucket. Existing runs
keep the version they started with. The file is not changed: the next ephemr apply of it registers its content again.`,
		Example: `  ephemr rollback flights-daily
  ephemr rollback flights-daily --to 3`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("to") && o.To == 0 {
				return exit.Usage("invalid --to 0: versions start at 1")
			}
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Pipeline, o.JSON = args[0], app.JSON()
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Pipelines(app)),
	}
	cmd.Flags().IntVar(&o.To, "to", 0, "version whose content is registered (default: the one before the current one)")
	return cmd
}
