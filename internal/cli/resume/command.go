package resume

import (
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/pipeline"
)

// Command returns ephemr resume.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "resume PIPELINE",
		Short: "start the triggers of a paused pipeline again",
		Long: `Start the triggers of a paused pipeline again.

--catchup says which of the planned times that became due meanwhile are made: none, the latest of each schedule,
or all of them. Without it, the catchup and catchupWindow of each trigger decide. The others are recorded as
skipped; ephemr calendar shows them. Requests for runs are sent within about a minute.`,
		Example: `  ephemr resume flights-daily
  ephemr resume flights-daily --catchup none`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Pipeline, o.JSON = args[0], app.JSON()
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Pipelines(app)),
	}
	cmd.Flags().StringVar(&o.Catchup, "catchup", "", "dates that became due while paused: none, latest or all (default: what each trigger says)")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("catchup", cobra.FixedCompletions(
		[]string{string(pipeline.CatchupNone), string(pipeline.CatchupLatest), string(pipeline.CatchupAll)}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}
