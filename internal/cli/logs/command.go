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
		Short: "show the logs of a run",
		Long: `Show the output of the jobs of a run, ordered by time. If there are several jobs, each line is prefixed with
the name of its job, and with JOB#2 from the second attempt on.

--follow continues until the run ends. An interrupt does not affect the run.

Lines come from CloudWatch Logs, about a second after they were printed. If they have expired there or were
not delivered, the logs that EMR archived in S3 are shown instead, with a note on stderr. Archived lines have no
timestamps: stdout and stderr follow each other, and --since does not apply to single lines.

--grep takes a Go regular expression, https://pkg.go.dev/regexp/syntax; (?i) ignores case.`,
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
	cmd.Flags().BoolVarP(&o.Follow, "follow", "f", false, "continue until the run ends")
	cmd.Flags().IntVar(&o.Attempt, "attempt", 0, "only this attempt, counted from 1")
	cmd.Flags().StringVar(&o.Since, "since", "", "only lines since a duration ago (10m) or a UTC time (2026-11-30T03:00:00Z, 2026-11-30)")
	cmd.Flags().StringVar(&o.Grep, "grep", "", "only lines that match this regular expression")
	cmd.Flags().BoolVar(&o.Archived, "archived", false, "read the logs that EMR archived in S3, even if CloudWatch has the lines")
	cmd.Flags().BoolVar(&o.Controller, "controller", false, "read EMR's controller and syslog logs of the steps from S3")
	cmd.Flags().BoolVar(&o.Raw, "raw", false, "keep escape sequences and control characters")
	cmd.Flags().StringVar(&o.Stream, "stream", "", "only stdout or stderr")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("stream", cobra.FixedCompletions([]string{"stdout", "stderr"}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}
