package redo

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/session"
	"ephemr/internal/run"
)

// Command returns ephemr redo.
func Command(app *session.App) *cobra.Command {
	var o Options
	return &cobra.Command{
		Use:   "redo RUN",
		Short: "give the objects of a run to a new run",
		Long: `Start a new run with the same S3 objects as a run that has ended.

The new run has the pipeline's current version, and a manifest of its own. Use ephemr retry to continue a run that
failed with the version and the jobs that it has.`,
		Example: `  ephemr redo orders-20260102T0300-0a1b2c3d4e5f60718293`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.RunID, o.JSON, o.RequestID = args[0], app.JSON(), request.NewID()
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Runs(app, run.Failed, run.Cancelled, run.Succeeded, run.Rejected)),
	}
}
