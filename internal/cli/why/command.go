package why

import (
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/run"
)

// Command returns ephemr why.
func Command(app *session.App) *cobra.Command {
	return &cobra.Command{
		Use:   "why RUN",
		Short: "say why a run does not run",
		Long: `Say why a run does not run: which limit is full and which runs hold its slots, which date, backfill, decision, objects,
cluster or call budget it waits for, and until when. Of a run that has ended, say how.

The answer is derived from records that did not change while they were read. "expected" is an estimate from the last
runs of the pipeline; without any it is not known.`,
		Example: `  ephemr why flights-daily-20261101T0300-1a2b3c4d
  ephemr why -o json flights-daily-20261101T0300-1a2b3c4d | jq -r .cause`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), Options{RunID: args[0], JSON: app.JSON()}, app.IO, s.Why())
		},
		ValidArgsFunction: complete.Args(complete.Runs(app, run.Queued, run.Admitted, run.Running)),
	}
}
