package check

import (
	"github.com/spf13/cobra"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/job"
)

// Command returns ephemr check.
func Command(app *session.App) *cobra.Command {
	o := Options{}
	cmd := &cobra.Command{
		Use: "check [s3://BUCKET/PREFIX]", Short: "show a dataset's rows and columns, or check that they are as expected",
		Long: `Show the rows, bytes and files of a dataset of Parquet or ORC files, and for each column its type, nulls, smallest
and greatest value. Only the footers are read, from this machine and without a cluster: at most two ranged requests a
file. BUCKET may be a zone of the stage's lake.

Values are compared as their type, so that 9 is less than 10. "≥" and "≤" mark bounds that values may not reach, because
writers may shorten long strings. What the files do not say is empty, and nulls are "?" then. A column that has
another type in some files is listed with all its types, and without values.

With expectations, of flags or of a file with a list of checks as in a pipeline, say whether the data is as expected,
where that was found, and show rows that are not. Columns are read only if footers are not sufficient. Files may also
be CSV or JSON Lines.

The exit code is 1 if the data is not as expected, if a file is not valid, was cut short, or was replaced while the
dataset was read, and 2 if an expectation is not valid.`,
		Example: `  ephemr check s3://curated/flights/
  ephemr check s3://curated/flights/dt=2026-11-30/ -o json | jq .rows
  ephemr check s3://curated/orders/ --rows '>= 1000' --not-null order_id,store_id --unique order_id
  ephemr check s3://curated/orders/ --where 'status == "paid"' --not-null customer_id --at-most 0.5%
  ephemr check -f checks.yaml`,
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && o.File == "" {
				return exit.Usage("no dataset; use ephemr check s3://BUCKET/PREFIX, or -f FILE")
			}
			if len(args) > 0 {
				o.Dataset = args[0]
			}
			o.JSON = app.JSON()
			return Run(cmd.Context(), o, app.IO, Connect(app))
		},
	}
	flags(cmd, &o.Expect)
	cmd.Flags().StringVarP(&o.File, "file", "f", "", "YAML file with a list of checks under the key checks")
	return cmd
}

func flags(cmd *cobra.Command, c *job.Check) {
	f := cmd.Flags()
	f.StringVar(&c.Rows, "rows", "", "expect a number of rows, e.g. '>= 1000'")
	f.StringSliceVar(&c.NotNull, "not-null", nil, "expect columns without nulls")
	f.StringSliceVar(&c.Unique, "unique", nil, "expect columns that are unique together")
	f.StringVar(&c.Freshness, "freshness", "", "expect that the newest file is at most this old, e.g. 36h")
	f.StringVar(&c.Files, "files", "", "expect a number of files, e.g. '> 0'")
	f.StringVar(&c.Partition, "partition", "", "expect a partition, and check only it, e.g. dt=2026-11-30")
	f.StringVar(&c.Where, "where", "", "check only rows that an expression selects")
	f.StringVar(&c.AtMost, "at-most", "", "allow a share or number of rows that are not as expected, e.g. 0.5%")
	f.StringVar(&c.Format, "format", "", "format of the files: parquet, csv or jsonl (default: as their names end)")
}
