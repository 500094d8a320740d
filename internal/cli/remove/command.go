package remove

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
)

// Command returns ephemr delete.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "delete PIPELINE",
		Short: "remove a pipeline: its triggers and versions",
		Long: `Remove a registered pipeline: its triggers and all of its versions. The history of its runs is kept.

A pipeline with active runs is not deleted, unless --cancel cancels them. A run that is requested at the same time
goes on with the version it started with. A pipeline that others wait for, with after triggers, is deleted with
--force only; these wait until it is registered again. Planned times that are due and were not requested yet, as
those of a paused pipeline, are dropped. If the pipeline is registered again, its versions continue with the next
number.`,
		Example: `  ephemr delete flights-daily --yes
  ephemr delete flights-daily --yes --cancel --why "replaced by flights-hourly"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Pipeline, o.JSON, o.Why = args[0], app.JSON(), cmp.Or(o.Why, "pipeline deleted by "+session.Who())
			return Run(cmd.Context(), o, app.IO, s.Settings, s.Pipelines(), lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Pipelines(app)),
	}
	cmd.Flags().BoolVar(&o.Yes, "yes", false, "confirm the deletion")
	cmd.Flags().BoolVar(&o.Cancel, "cancel", false, "cancel active runs of the pipeline")
	cmd.Flags().BoolVar(&o.Force, "force", false, "delete it although other pipelines wait for its runs")
	cmd.Flags().StringVar(&o.Why, "why", "", `reason to record (default "pipeline deleted by" and your user name)`)
	return cmd
}
