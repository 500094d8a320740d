package cancel

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/run"
)

// Command returns ephemr cancel.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "cancel RUN...",
		Short: "cancel runs and release their clusters",
		Long: `Cancel runs. Their clusters are terminated, or returned to their pool.

A queued run ends immediately. The programs of a running one receive SIGTERM and have ten seconds to clean up;
then they receive SIGKILL. Their logs and exit codes are kept, the cluster is released, and the run ends as
CANCELLED. ephemr retry can resume it later.

Jobs with when: always or failure run afterwards, for at most limits.cleanUp.

--kill sends SIGKILL at once, and nothing cleans up. It also works for a run that is already being cancelled.`,
		Example: `  ephemr cancel flights-daily-20260102T0300-0a1b2c3d --why "wrong input"
  ephemr cancel --kill flights-daily-20260102T0300-0a1b2c3d`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Runs, o.JSON, o.Why = args, app.JSON(), cmp.Or(o.Why, "cancelled by "+session.Who())
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Runs(app, run.Queued, run.Admitted, run.Running),
	}
	cmd.Flags().StringVar(&o.Why, "why", "", `reason to record (default "cancelled by" and your user name)`)
	cmd.Flags().BoolVar(&o.Kill, "kill", false, "send SIGKILL at once, without a grace period")
	return cmd
}
