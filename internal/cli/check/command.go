package check

import (
	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
)

// Command returns ephemr check.
func Command(app *session.App) *cobra.Command {
	return &cobra.Command{
		Use: "check s3://BUCKET/PREFIX", Short: "show rows and columns of a dataset, from the footers of its files",
		Long: `Show the rows, bytes and files of a dataset of Parquet files, and for each column its type, nulls, smallest and
greatest value. Only the footers are read, from this machine and without a cluster: at most two ranged requests a
file. BUCKET may be a zone of the stage's lake.

Values are compared as their type, so that 9 is less than 10. "≥" and "≤" mark bounds that values may not reach, because
writers may shorten long strings. What the files do not say is empty, and nulls are "?" then. A column that has
another type in some files is listed with all its types, and without values.

The exit code is 1 if a file is not Parquet, was cut short, or was replaced while the dataset was read.`,
		Example: `  ephemr check s3://curated/flights/
  ephemr check s3://curated/flights/dt=2026-11-30/ -o json | jq .rows`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return Run(cmd.Context(), Options{Dataset: args[0], JSON: app.JSON()}, app.IO, Connect(app))
		},
	}
}
