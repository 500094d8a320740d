package runs

import (
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/run"

	"github.com/spf13/cobra"
)

// Command returns ephemr runs.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "runs [PIPELINE]",
		Short: "list runs, newest first",
		Long: `List runs, newest first: those of a pipeline by logical time, or those of all pipelines by request time. The reason of
runs that wait is what they wait for; ephemr why has more.`,
		Example: `  ephemr runs
  ephemr runs flights-daily --state failed --limit 5
  ephemr runs -o json | jq -r '.[].id'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				o.Pipeline = args[0]
			}
			o.JSON = app.JSON()
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Why = s.Why().Short
			return Run(cmd.Context(), o, app.IO, s.Runs())
		},
		ValidArgsFunction: complete.Args(complete.Pipelines(app)),
	}
	cmd.Flags().StringVar(&o.State, "state", "", "only runs in this state")
	cmd.Flags().IntVarP(&o.Limit, "limit", "n", 20, "maximum number of runs")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("state", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var all []cobra.Completion
		for _, s := range run.States {
			all = append(all, string(s))
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}))
	return cmd
}
