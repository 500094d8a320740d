package clusters

import (
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/discovery"
	"ephemr/internal/emr/clusterlist"
)

// Command returns ephemr clusters.
func Command(app *session.App) *cobra.Command {
	var o Options
	var discover bool
	var team string
	cmd := &cobra.Command{
		Use:   "clusters [NAME]",
		Short: "list clusters, or the addresses of their services",
		Long: `List the clusters of the stage that are starting or running, newest first.

With --discover, list the service addresses of ready clusters from AWS Cloud Map. NAME is a service (hive, spark,
livy, trino, yarn, …), or a pipeline or pool. A name that is both means the service; use --pipeline for the
pipeline or pool. Pool names are unique only within a team: the TEAM column shows the owner, and --team selects
one. Connection instructions are written to stderr. The exit code is 1 if no matching cluster is ready.`,
		Example: `  ephemr clusters
  ephemr clusters --all --pipeline flights-daily
  ephemr clusters --discover hive
  ephemr clusters --discover flights-daily
  ephemr clusters --discover hive --pipeline nightly --team data
  beeline -u "$(ephemr clusters --discover hive --pipeline flights-daily -o json | jq -r '.[0].services[0].url')"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && !discover {
				return exit.Usage("NAME requires --discover; to list the clusters of a pipeline use --pipeline %s", args[0])
			}
			if discover && o.All {
				return exit.Usage("--discover and --all cannot be combined: only ready clusters have addresses")
			}
			if team != "" && !discover {
				return exit.Usage("--team requires --discover; ephemr clusters -o json shows the team of a pool's cluster")
			}
			o.JSON = app.JSON()
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			if !discover {
				return Run(cmd.Context(), o, app.IO, clusterlist.New(s.Config, s.Settings))
			}
			w := Wanted{Pipeline: o.Pipeline, Team: team, JSON: o.JSON}
			if len(args) > 0 {
				w.What = args[0]
			}
			return Discover(cmd.Context(), w, app.IO, &discovery.Finder{API: discovery.NewClient(s.Config), Namespace: s.Settings.Namespace})
		},
		ValidArgsFunction: cobra.FixedCompletions(discovery.Services(), cobra.ShellCompDirectiveNoFileComp),
	}
	cmd.Flags().BoolVar(&discover, "discover", false, "list service addresses instead of clusters")
	cmd.Flags().BoolVar(&o.All, "all", false, "include clusters that are terminating or ended in the last 24 hours")
	cmd.Flags().StringVar(&o.Pipeline, "pipeline", "", "only clusters of this pipeline; with --discover, of this pipeline or pool")
	cmd.Flags().StringVar(&team, "team", "", "with --discover, only clusters of this team, or of one of its users (TEAM.USER)")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("pipeline", complete.Pipelines(app)))
	return cmd
}
