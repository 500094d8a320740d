package silence

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/job"
	"ephemr/internal/outbox"
)

// Command returns ephemr silence.
func Command(app *session.App) *cobra.Command {
	cmd := change(app, &cobra.Command{
		Use:   "silence PIPELINE DURATION",
		Short: "suppress notices of a pipeline for a time",
		Long: `Suppress notices of a pipeline for a time, such as 2h or 3d, at most 30 days. A second call replaces the first.

Nothing is lost: ephemr silences lists what is suppressed, and when the time is over one notice for each class reports
it.`,
		Example: `  ephemr silence flights-daily 2h
  ephemr silence flights-daily 1d --class capacity`,
		Args: cobra.ExactArgs(2),
	})
	return cmd
}

// EndCommand returns ephemr unsilence.
func EndCommand(app *session.App) *cobra.Command {
	return change(app, &cobra.Command{
		Use:   "unsilence PIPELINE",
		Short: "end a silence",
		Long: `End a silence. What it suppressed is reported in one notice for each class.

With --class, end a silence of this class.`,
		Example: `  ephemr unsilence flights-daily
  ephemr unsilence flights-daily --class capacity`,
		Args: cobra.ExactArgs(1),
	})
}

// change adds to cmd what both commands do.
func change(app *session.App, cmd *cobra.Command) *cobra.Command {
	var o Options
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := app.Session(cmd.Context())
		if err != nil {
			return err
		}
		o.Pipeline, o.JSON, o.By = args[0], app.JSON(), session.Who()
		if len(args) > 1 {
			o.For = args[1]
		}
		return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
	}
	cmd.ValidArgsFunction = complete.Args(complete.Pipelines(app))
	cmd.Flags().StringVar(&o.Class, "class", "", "only notices of runs that failed with this class")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("class", func(*cobra.Command, []string, string) (all []cobra.Completion, _ cobra.ShellCompDirective) {
		for _, c := range job.Classes {
			all = append(all, string(c))
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}))
	return cmd
}

// ListCommand returns ephemr silences.
func ListCommand(app *session.App) *cobra.Command {
	return &cobra.Command{
		Use:   "silences",
		Short: "list silences and the notices that they suppress",
		Example: `  ephemr silences
  ephemr silences -o json | jq '.[].count'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			store := &outbox.Store{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.RunsTable}
			return List(cmd.Context(), app.IO, store, time.Now(), app.JSON())
		},
	}
}
