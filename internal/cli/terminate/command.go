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
		Short: "terminate a cluster",
		Long: `Terminate a cluster of the stage.

A cluster that a run uses is not terminated; use ephemr cancel RUN, which keeps the results of the jobs. A cluster
of a pool is drained: it accepts no new leases and terminates when the last one is returned. --force terminates
the cluster at once; runs that lose it end as CANCELLED. Clusters that do not belong to the stage are never
terminated.`,
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
	cmd.Flags().BoolVar(&o.Force, "force", false, "terminate at once, even if a run uses the cluster")
	cmd.Flags().StringVar(&o.Why, "why", "", `reason to log (default "terminated by" and your user name)`)
	return cmd
}
