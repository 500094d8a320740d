package start

import (
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/view/follow"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"
)

// Command returns ephemr start.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "start PIPELINE",
		Short: "start a run of a pipeline",
		Long: `Request a run of a registered pipeline and print its id. The pipeline and the params are validated first.
A pipeline with a matrix gets a run for each combination; --param chooses among them.

--follow shows the run until it ends. The exit code is then 0 if the run succeeded, 1 if it failed or was
cancelled, and 2 if it was rejected. An interrupt (130) does not affect the run.`,
		Example: `  ephemr start flights-daily --date 2026-11-01 --param country=pt --follow
  ephemr start orders --object s3://raw/orders/2026-11-30.csv
  run=$(ephemr start flights-daily)`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Pipeline, o.JSON = args[0], app.JSON()
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			sender, err := s.Sender(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), o, app.IO, s.Settings, Clients{
				Pipelines: s.Pipelines(), SQS: sqs.NewFromConfig(s.Config), Follower: follow.New(s.Config, s.Settings), Sender: sender, S3: s.S3(), Runs: s.Runs(),
			})
		},
		ValidArgsFunction: complete.Args(complete.Pipelines(app)),
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Date, "date", "", "logical date or time of the run, in UTC (default now)")
	flags.StringArrayVar(&o.Params, "param", nil, "value of a param, as `key=value`; can be repeated")
	flags.StringVar(&o.Object, "object", "", "give an object of S3 to the run, as `s3://bucket/key`; the bucket can be a zone of the lake")
	flags.IntVar(&o.Priority, "priority", -1, "0 to 9, higher first (default the pipeline's)")
	flags.StringVar(&o.RequestID, "request-id", "", "idempotency key: the same id and date always refer to the same run")
	flags.BoolVar(&o.DryRun, "dry-run", false, "request nothing: validate, and estimate time and cost from the pipeline's runs")
	flags.BoolVarP(&o.Follow, "follow", "f", false, "show the run until it ends")
	return cmd
}
