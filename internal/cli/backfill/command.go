package backfill

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/backfill"
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/operation"
)

// Command returns ephemr backfill.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "backfill PIPELINE",
		Short: "run the dates of a pipeline that have passed",
		Long: `Run the dates of a pipeline's schedules that have passed, and print the id of the backfill.

A run of a backfill is the run that the schedule would have made: a date that has succeeded never runs again. Runs of
a backfill start behind all others of the team, --parallel at a time. A paused pipeline can be backfilled.

--only missing (the default) runs dates without a run, failed retries those that failed or were cancelled, and all
does both. --dry-run prints what would happen, with an estimate from the pipeline's own runs.`,
		Example: `  ephemr backfill flights-daily --from 2026-10-01 --to 2026-10-31 --dry-run
  ephemr backfill flights-daily --from 2026-10-01 --to 2026-10-31 --parallel 2
  ephemr backfill flights-daily --from 2026-10-01 --to 2026-10-31 --only failed --param country=pt
  ephemr backfill load-all --from 2026-01-01 --to 2026-10-31 --chunk 7d --order desc --max-cost 20`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, c, err := clients(cmd.Context(), app)
			if err != nil {
				return err
			}
			o.Pipeline, o.By, o.JSON = args[0], session.Who(), app.JSON()
			return Run(cmd.Context(), o, app.IO, s.Settings, c)
		},
		ValidArgsFunction: complete.Args(complete.Pipelines(app)),
	}
	flags := cmd.Flags()
	flags.StringVar(&o.From, "from", "", "first date or time; a date is a day of the schedule's zone")
	flags.StringVar(&o.To, "to", "", "last date or time")
	flags.StringVar(&o.Only, "only", backfill.Missing, "dates to run: missing, failed or all")
	flags.StringVar(&o.Order, "order", backfill.Asc, "asc = oldest first, desc = newest first")
	flags.StringVar(&o.Every, "every", "", "`time` between dates from --from on, like 7d, instead of the schedule's dates")
	flags.StringVar(&o.Chunk, "chunk", "", "as --every, and the interval of each run is as long")
	flags.IntVar(&o.Parallel, "parallel", 1, "runs at a time")
	flags.Float64Var(&o.MaxCost, "max-cost", 0, "refuse a higher estimate, and pause when the runs have cost so many `USD`")
	flags.StringArrayVar(&o.Params, "param", nil, "value of a param, as `key=value`; can be repeated; one of the matrix chooses values")
	flags.BoolVar(&o.DryRun, "dry-run", false, "print what would happen and do nothing")
	flags.BoolVarP(&o.Follow, "follow", "f", false, "show the progress until the backfill ends")
	for _, x := range []struct {
		op          operation.Op
		name, short string
	}{
		{operation.PauseBackfill, "pause", "start no more runs of a backfill until it is resumed"},
		{operation.ResumeBackfill, "resume", "continue a paused backfill"},
		{operation.CancelBackfill, "cancel", "cancel a backfill and its runs that have not ended"},
	} {
		cmd.AddCommand(&cobra.Command{
			Use: x.name + " BACKFILL", Short: x.short, Args: cobra.ExactArgs(1),
			Example: "  ephemr backfill " + x.name + " 20261130t184600-flights-daily-0a1b2c",
			RunE: func(cmd *cobra.Command, args []string) error {
				s, c, err := clients(cmd.Context(), app)
				if err != nil {
					return err
				}
				return Change(cmd.Context(), x.op, args[0], app.IO, s.Settings, c.Lambda, app.JSON())
			},
		})
	}
	cmd.AddCommand(&cobra.Command{
		Use: "retry BACKFILL", Short: "retry the failed runs of a backfill, in a new one", Args: cobra.ExactArgs(1),
		Example: "  ephemr backfill retry 20261130t184600-flights-daily-0a1b2c",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, c, err := clients(cmd.Context(), app)
			if err != nil {
				return err
			}
			return Retry(cmd.Context(), backfill.RetryRequest{ID: args[0], By: session.Who()}, app.IO, s.Settings, c, app.JSON())
		},
	})
	return cmd
}

// ListCommand returns ephemr backfills.
func ListCommand(app *session.App) *cobra.Command {
	following := false
	cmd := &cobra.Command{
		Use:   "backfills [BACKFILL]",
		Short: "list backfills and their progress",
		Long: `List the backfills of the stage, or show the progress of one: its runs, its estimated end and what has failed.

--follow prints the progress until the backfill ends. Then the exit code is 1 if it was cancelled or a run has failed.`,
		Example: `  ephemr backfills
  ephemr backfills 20261130t184600-flights-daily-0a1b2c -f
  ephemr backfills 20261130t184600-flights-daily-0a1b2c -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, c, err := clients(cmd.Context(), app)
			if err != nil {
				return err
			}
			switch {
			case len(args) == 0 && following:
				return exit.Usage("--follow needs a BACKFILL; ephemr backfills lists them")
			case len(args) == 0:
				return List(cmd.Context(), app.IO, c, app.JSON())
			case following:
				return follow(cmd.Context(), app.IO, c, args[0], app.JSON())
			}
			return Show(cmd.Context(), args[0], app.IO, c, app.JSON())
		},
	}
	cmd.Flags().BoolVarP(&following, "follow", "f", false, "show the progress of BACKFILL until it ends")
	return cmd
}

func clients(ctx context.Context, app *session.App) (*session.Session, Clients, error) {
	s, err := app.Session(ctx)
	if err != nil {
		return nil, Clients{}, err
	}
	return s, Clients{
		Pipelines: s.Pipelines(), Runs: s.Runs(), Lambda: lambda.NewFromConfig(s.Config),
		Store: &backfill.Store{DB: dynamodb.NewFromConfig(s.Config), Table: s.Settings.RunsTable, Slots: s.Settings.ClustersTable},
	}, nil
}
