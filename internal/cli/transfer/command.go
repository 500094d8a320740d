package transfer

import (
	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
)

const long = `Upload files and the files of directories to S3.

A target that ends with / is a prefix: the name of a file follows, or its path below a directory that was given. Any
other target is the key of the one file that is uploaded. BUCKET may be a zone of the stage's lake; without a stage it
is the name of a bucket. Several files, and the parts of large ones, are uploaded at the same time.

Content is verified by S3 with SHA-256. After an error or an interrupt, the same command continues: objects that have
the content of their files are not uploaded again, and neither are parts that S3 has. No state is kept on this machine.
Parts of an upload that is not continued are billed until a lifecycle rule removes them; zones of the lake have one.

_SUCCESS is uploaded when all other files are complete, so that a trigger on it finds them; --last names other files.`

const example = `  ephemr upload flights.csv s3://raw/flights/2026-01.csv
  ephemr upload exports/2026-01-31 s3://raw/exports/dt=2026-01-31/ --exclude "*.tmp" --last "*.manifest"
  ephemr upload a.parquet b.parquet s3://my-bucket/orders/ -o json`

// Command returns ephemr upload.
func Command(app *session.App) *cobra.Command {
	o := Options{}
	cmd := &cobra.Command{
		Use: "upload SOURCE... s3://BUCKET/PREFIX/", Short: "upload files to S3, in parallel and resumable", Long: long, Example: example,
		Args: cobra.MinimumNArgs(2), //nolint:mnd // a source and the target
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Sources, o.Target, o.JSON = args[:len(args)-1], args[len(args)-1], app.JSON()
			return Run(cmd.Context(), o, app.IO, app.S3)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&o.Exclude, "exclude", nil, "leave out files of directories: `pattern` of a name, or of a path if it has a /; repeatable")
	flags.StringArrayVar(&o.Last, "last", []string{"_SUCCESS"}, "upload files that match `pattern` when all others are complete; repeatable")
	flags.IntVar(&o.Parallel, "parallel", 8, "requests at the same time, 1 to 64") //nolint:mnd // default
	flags.BoolVar(&o.Force, "force", false, "upload files again whose objects have the content already")
	flags.BoolVar(&o.DryRun, "dry-run", false, "list the files and their objects, and upload nothing")
	return cmd
}
