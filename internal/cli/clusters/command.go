package clusters

import (
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/discovery"
	"ephemr/internal/view/clusterlist"
)

// Command returns ephemr clusters.
func Command(app *session.App) *cobra.Command {
	var o Options
	var discover bool
	var team string
	cmd := &cobra.Command{
		Use:   "clusters [NAME]",
		Short: "list clusters, or find what runs on them",
		Long: `List the clusters of the stage that are up or on their way, newest first.

With --discover, list the addresses of what ready clusters offer, as AWS Cloud Map has them. NAME is a service, such
as hive, spark, livy, trino or yarn, or else a pipeline or pool. A name that is both is the service; --pipeline means
the other. Names of pools are not unique among teams: TEAM says whose a cluster is, and --team keeps one owner's. How
to connect is told on stderr. When nothing that was asked for is ready the exit code is 1.`,
		Example: `  ephemr clusters
  ephemr clusters --all --pipeline flights-daily
  ephemr clusters --discover hive
  ephemr clusters --discover flights-daily
  ephemr clusters --discover hive --pipeline nightly --team data
  beeline -u "$(ephemr clusters --discover hive --pipeline flights-daily -o json | jq -r '.[0].services[0].url')"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && !discover {
				return exit.Usage("NAME is for --discover; for the clusters of a pipeline: ephemr clusters --pipeline %s", args[0])
			}
			if discover && o.All {
				return exit.Usage("--discover finds clusters that are ready; leave out --all")
			}
			if team != "" && !discover {
				return exit.Usage("--team is for --discover; whose a pool's cluster is: ephemr clusters -o json")
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
	cmd.Flags().BoolVar(&discover, "discover", false, "list addresses instead of clusters")
	cmd.Flags().BoolVar(&o.All, "all", false, "also clusters that are ending, or ended within a day")
	cmd.Flags().StringVar(&o.Pipeline, "pipeline", "", "only clusters of this pipeline; with --discover, of this pipeline or pool")
	cmd.Flags().StringVar(&team, "team", "", "with --discover, only clusters of this team and its users, or of one user as TEAM.USER")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("pipeline", complete.Pipelines(app)))
	return cmd
}
