package retry

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/run"
)

// Command returns ephemr retry.
func Command(app *session.App) *cobra.Command {
	var o Options
	return &cobra.Command{
		Use:   "retry RUN",
		Short: "retry a failed or cancelled run; succeeded jobs are kept",
		Long: `Retry a failed or cancelled run.

Succeeded jobs are kept. The other jobs run again with a new retry count, in a new execution and on a new cluster,
or on a warm one of the pool. The run keeps its id, params and pipeline version.`,
		Example: `  ephemr retry flights-daily-20260102T0300-0a1b2c3d`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.RunID, o.JSON = args[0], app.JSON()
			return Run(cmd.Context(), o, app.IO, s.Settings, s.Runs(), lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Runs(app, run.Failed, run.Cancelled)),
	}
}
