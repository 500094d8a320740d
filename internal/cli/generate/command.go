package generate

import (
	"strings"

	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
	"ephemr/internal/generate"
)

const long = `Generate a synthetic dataset with known faults, to test pipelines and checks with.

Datasets: events, flights, orders and stores. Files are partitioned by date (dt=2026-01-01/part-00000.parquet), and
the file _SUCCESS is written last. The values depend on the seed and the other flags, not on --workers: the same command
writes the same bytes. The report says how many faults there are.

  --nulls       share of nulls in each column that can be null
  --duplicates  share of rows that repeat an earlier row of the same file
  --skew        exponent s of Zipf's law for references and categories: the n-th value is as frequent as 1/n^s
  --late        share of rows whose time is up to 3 days before the date of their partition

store_id of orders and events is between 1 and 10000: "ephemr generate stores --rows 10000" has all of them.

The target is a directory or a prefix of S3. One that has files is refused; --overwrite replaces a dataset that was
generated before, and never deletes other files. If the command fails or is interrupted, nothing of the dataset is
left. Parquet files are compressed with Snappy. CSV files have a header, and null is an empty field.`

const example = `  ephemr generate orders --rows 1_000_000 -o data/orders
  ephemr generate events --rows 5000000 --seed 7 --nulls 1% --duplicates 0.5% --skew 1.2 --late 2% -o s3://raw/events
  ephemr generate stores --rows 10000 --days 1 --format csv -o data/stores --json`

// Command returns ephemr generate.
func Command(app *session.App) *cobra.Command {
	o := Defaults()
	cmd := &cobra.Command{
		Use: "generate " + strings.Join(generate.Datasets(), "|"), Short: "generate a synthetic dataset with known faults", Long: long, Example: example,
		Args: cobra.ExactArgs(1), ValidArgs: generate.Datasets(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Dataset = args[0]
			return Run(cmd.Context(), o, app.IO, app.S3)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&o.Rows, "rows", "number of rows, with duplicates; required")
	flags.StringVarP(&o.Target, "output", "o", "", "`target`: a directory or s3://BUCKET/PREFIX; BUCKET may be a zone of the stage's lake; required")
	flags.Var(&o.Seed, "seed", "seed of the random numbers")
	flags.StringVar(&o.Format, "format", o.Format, "format of files: parquet, csv or jsonl (JSON Lines)")
	flags.StringVar(&o.From, "from", o.From, "first `date`")
	flags.Var(&o.Days, "days", "number of dates")
	flags.Var(&o.Nulls, "nulls", "share of nulls")
	flags.Var(&o.Duplicates, "duplicates", "share of duplicate rows")
	flags.Var(&o.Skew, "skew", "exponent of the skew; 0 = all values are equally frequent")
	flags.Var(&o.Late, "late", "share of late rows")
	flags.Var(&o.FileRows, "file-rows", "maximum rows of a file")
	flags.Var(&o.Workers, "workers", "number of files that are written at the same time (default: CPUs, at most 8)")
	flags.BoolVar(&o.Overwrite, "overwrite", false, "replace a generated dataset at the target")
	flags.BoolVar(&o.JSON, "json", false, "print the report as JSON")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(generate.Formats(), cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(cmd.MarkFlagDirname("output"))
	return cmd
}
