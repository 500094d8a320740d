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
		Short: "show everything about a run",
		Long: `Show everything about a run: its state and why, what asked for it, its clusters, its jobs with their attempts,
exit codes and outputs, what checks found, and the last lines of the job that failed.`,
		Example: `  ephemr show flights-daily-20261101T0300-1a2b3c4d
  ephemr show -o json flights-daily-20261101T0300-1a2b3c4d | jq .run.state`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), Options{RunID: args[0], JSON: app.JSON()}, app.IO, s.Runs())
		},
		ValidArgsFunction: complete.Args(complete.Runs(app)),
	}
}
