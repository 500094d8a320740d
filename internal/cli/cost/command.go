package cost

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
	"ephemr/internal/cost/report"
)

// Command returns ephemr cost.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "show what runs cost, and what was wasted",
		Long: `Show what the runs cost that ended in a time, and what of it was wasted: attempts of jobs that failed, clusters
that did not come up, and clusters of pools while no run used them.

The figures are estimates from list prices and Spot prices; only the bill has the actual cost. Days are in UTC.`,
		Example: `  ephemr cost --by pipeline
  ephemr cost --by day --from 2026-11-01 --to 2026-11-30
  ephemr cost --by team -o json | jq '.rows[] | {name, usd, wasted}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.JSON = app.JSON()
			return Run(cmd.Context(), o, app.IO, s.Settings, s.Runs(), dynamodb.NewFromConfig(s.Config), time.Now())
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().StringVar(&o.By, "by", string(report.Pipeline), "a row for each pipeline, team, day or profile")
	cmd.Flags().StringVar(&o.From, "from", "", "first `day` (default the first of the month)")
	cmd.Flags().StringVar(&o.To, "to", "", "last `day` (default today)")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("by", cobra.FixedCompletions(
		[]string{string(report.Pipeline), string(report.Team), string(report.Day), string(report.Profile)}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}
