package show

import (
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"

	"github.com/spf13/cobra"
)

// Command returns ephemr show.
func Command(app *session.App) *cobra.Command {
	return &cobra.Command{
		Use:   "show RUN",
		Short: "show the details of a run",
		Long: `Show the details of a run: its state and reason, trigger, what it waits for, what it has published or where its
unpublished data is, clusters, jobs with attempts, exit codes and outputs, check results, and the last log lines of the
failed job.`,
		Example: `  ephemr show flights-daily-20261101T0300-1a2b3c4d
  ephemr show -o json flights-daily-20261101T0300-1a2b3c4d | jq .run.state`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), Options{RunID: args[0], JSON: app.JSON(), Why: s.Why().Short}, app.IO, s.Runs())
		},
		ValidArgsFunction: complete.Args(complete.Runs(app)),
	}
}
