package logs

import (
	"ephemr/internal/cli/follow"
	"ephemr/internal/cli/session"

	"github.com/spf13/cobra"
)

// Command returns ephemr logs.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "logs RUN [JOB]",
		Short: "show what the jobs of a run print",
		Long: `Show what the jobs of a run print, ordered by time. With several jobs each line begins with its job, and
with job#2 from the second attempt on.

With --follow it goes on until the run is over. An interrupt leaves the run alone.`,
		Example: `  ephemr logs -f flights-daily-20261101T0300-1a2b3c4d
  ephemr logs flights-daily-20261101T0300-1a2b3c4d clean --stream stderr --attempt 2`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.RunID, o.JSON = args[0], app.JSON()
			if len(args) > 1 {
				o.Job = args[1]
			}
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), o, app.IO, follow.New(s.Config, s.Settings))
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVarP(&o.Follow, "follow", "f", false, "go on until the run is over")
	cmd.Flags().IntVar(&o.Attempt, "attempt", 0, "only this attempt, counted from 1")
	cmd.Flags().StringVar(&o.Stream, "stream", "", "only stdout or stderr")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("stream", cobra.FixedCompletions([]string{"stdout", "stderr"}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}
