package unpublish

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/run"
)

// Command returns ephemr unpublish.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "unpublish RUN",
		Short: "restore the previous location of a partition",
		Long: `Restore the previous location of the partition that a run has published. The data of the run stays where it is. If
the partition was published again since, that publication has to be undone first; a partition that did not exist before
the run cannot point at anything else, so drop it with SQL. If another client has changed or dropped the partition
since, or the previous data has expired, the command is refused without --force.

Of an Iceberg table, branch main is moved back to the snapshot before the run.`,
		Example: `  ephemr unpublish store-availability-20261101T0300-1a2b3c4d`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.RunID, o.JSON = args[0], app.JSON()
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Runs(app, run.Succeeded)),
	}
	cmd.Flags().BoolVar(&o.Force, "force", false, "also if another client has changed the partition, or the previous data is gone")
	return cmd
}
