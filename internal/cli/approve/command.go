package approve

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/run"
)

// Command returns ephemr approve.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "approve RUN",
		Short: "release or refuse a job that waits for approval",
		Long: `Release a job with "approve" in its pipeline, or refuse it. The run continues on a new cluster, unless
its cluster was kept. After a refusal the job is CANCELLED, what needs it is skipped, and jobs with when: failure
or when: always run. A decision counts once.

Your AWS identity is recorded with the decision, as this command reports it.`,
		Example: `  ephemr approve flights-daily-20260102T0300-0a1b2c3d
  ephemr approve flights-daily-20260102T0300-0a1b2c3d --job publish --refuse --why "too few rows"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.RunID, o.JSON, o.Who = args[0], app.JSON(), session.Who()
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config), sts.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Runs(app, run.Running)),
	}
	cmd.Flags().StringVar(&o.Job, "job", "", "job to decide on; needed if several wait")
	cmd.Flags().BoolVar(&o.Refuse, "refuse", false, "refuse it: the job does not run")
	cmd.Flags().StringVar(&o.Why, "why", "", "reason to record")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("job", complete.Jobs(app)))
	return cmd
}
