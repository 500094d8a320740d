package stats

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
	"ephemr/internal/statistics"
)

// Command returns ephemr stats.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "stats s3://BUCKET/PREFIX", Short: "show how a dataset has changed, run by run",
		Long: `Show the rows, bytes and files of a dataset after each run that has written it, the newest last, and a line of its
rows. They are those of the partition that the run has written, or of the whole dataset, as the checks and outputs of
the pipeline say. BUCKET may be a zone of the stage's lake; a prefix that ends in a partition selects its runs.

The figures come from records only: no file is read. "?" is not known, and NOTE says why. Runs that did not succeed
are named there, too; drift does not compare with them.`,
		Example: `  ephemr stats s3://curated/flights/
  ephemr stats s3://curated/flights/ --last 90 --column price,carrier
  ephemr stats s3://curated/flights/ -o json | jq '.[-1].columns'`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Dataset, o.JSON = args[0], app.JSON()
			store := &statistics.Store{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.RunsTable}
			return Run(cmd.Context(), o, app.IO, Records{Statistics: store, Runs: s.Runs(), Bucket: s.Settings.BucketOf})
		},
	}
	cmd.Flags().IntVar(&o.Last, "last", 30, "maximum number of runs")
	cmd.Flags().StringSliceVarP(&o.Columns, "column", "c", nil, "also show nulls, smallest and greatest value of these `columns`")
	return cmd
}
