package terminate

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
)

// Command returns ephemr terminate.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "terminate CLUSTER",
		Short: "end a cluster by hand",
		Long: `End a cluster of the stage that nobody needs any more.

A cluster that a run uses is left alone: ephemr cancel RUN ends both, and keeps how the jobs ended. A pool's cluster
takes no more runs, and ends when the last one has given it back. With --force either is ended at once, and the runs
that lose it end as CANCELLED. Clusters of other stages, and of others, are never touched.`,
		Example: `  ephemr clusters
  ephemr terminate j-1A2B3C4D5E6F7 --why "left over from a test"
  ephemr terminate --force j-1A2B3C4D5E6F7`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Cluster, o.JSON, o.Why = args[0], app.JSON(), cmp.Or(o.Why, "terminated by "+session.Who())
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Clusters(app)),
	}
	cmd.Flags().BoolVar(&o.Force, "force", false, "also when a run uses it")
	cmd.Flags().StringVar(&o.Why, "why", "", `reason for the function's log (default "terminated by" and who you are)`)
	return cmd
}
