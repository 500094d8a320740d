package logs

import (
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/view/follow"

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

With --follow it goes on until the run is over. An interrupt leaves the run alone.

Lines come from CloudWatch Logs, about a second after they were printed. When that has lost them, because
they are old or never got there, those are shown that EMR archived in S3, and it says so on stderr: they
have no times, so stdout and stderr come one after the other and --since cannot cut them.

--grep takes a regular expression of Go's, https://pkg.go.dev/regexp/syntax; (?i) ignores case.`,
		Example: `  ephemr logs -f flights-daily-20261101T0300-1a2b3c4d
  ephemr logs flights-daily-20261101T0300-1a2b3c4d --since 10m --grep '(?i)error|exception'
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
		ValidArgsFunction: complete.Args(complete.Runs(app), complete.Jobs(app)),
	}
	cmd.Flags().BoolVarP(&o.Follow, "follow", "f", false, "go on until the run is over")
	cmd.Flags().IntVar(&o.Attempt, "attempt", 0, "only this attempt, counted from 1")
	cmd.Flags().StringVar(&o.Since, "since", "", "only lines from then on: 10m ago, 2026-11-30T03:00:00Z or 2026-11-30")
	cmd.Flags().StringVar(&o.Grep, "grep", "", "only lines that match a regular expression")
	cmd.Flags().BoolVar(&o.Archived, "archived", false, "what EMR archived in S3, also if CloudWatch has the lines")
	cmd.Flags().BoolVar(&o.Controller, "controller", false, "EMR's own logs of the steps, controller and syslog, from S3")
	cmd.Flags().StringVar(&o.Stream, "stream", "", "only stdout or stderr")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("stream", cobra.FixedCompletions([]string{"stdout", "stderr"}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}
