package lineage

import (
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
)

// Command returns ephemr lineage.
func Command(app *session.App) *cobra.Command {
	o := Options{Depth: 5, Runs: 200}
	cmd := &cobra.Command{
		Use:   "lineage DATASET|RUN",
		Short: "show upstream and downstream runs and datasets",
		Long: `Show the runs that wrote a dataset and what they had read, and the runs that read it and what they wrote, across
pipelines. DATASET is an address such as s3://bucket/prefix/ or a table such as database.table.

The answer is derived from the records of the newest runs: from the objects that started them, the expected outputs of
jobs, and the datasets of checks. Of each pipeline the newest run is shown, and how many did the same.`,
		Example: `  ephemr lineage s3://ephemr-dev-curated-111122223333-eu-west-1/flights/
  ephemr lineage flights-daily-20261101T0300-1a2b3c4d --depth 2
  ephemr lineage s3://lake/orders -o json | jq '.upstream[].runId'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Of, o.JSON = args[0], app.JSON()
			return Run(cmd.Context(), o, app.IO, s.Settings, s.Runs())
		},
		ValidArgsFunction: complete.Args(complete.Runs(app)),
	}
	cmd.Flags().IntVar(&o.Depth, "depth", o.Depth, "maximum `number` of runs in a row")
	cmd.Flags().IntVar(&o.Runs, "runs", o.Runs, "`number` of runs in each state to read, newest first")
	return cmd
}
