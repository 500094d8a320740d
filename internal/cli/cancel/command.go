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
		Short: "end runs, and their clusters with them",
		Long: `End runs, and their clusters with them. A pool's cluster goes back to its pool.

A queued run ends at once. Of one that runs, the programs are interrupted (SIGTERM) and have ten seconds to clean
up; one that does not listen is killed. What they printed until then and how they ended stays on record, their
cluster goes, and the run ends as CANCELLED. ephemr retry lets it go on later.

With --kill nobody is asked first. A run that is being cancelled already can still be killed.`,
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
	cmd.Flags().StringVar(&o.Why, "why", "", `reason for the record (default "cancelled by" and who you are)`)
	cmd.Flags().BoolVar(&o.Kill, "kill", false, "kill the programs at once, without asking them to end")
	return cmd
}
