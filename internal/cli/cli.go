// Package cli is the command line. Each command is a package with a Command for
// cobra and a Run that takes options, streams and narrow client interfaces.
package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ephemr/internal/cli/apply"
	"ephemr/internal/cli/approve"
	"ephemr/internal/cli/audit"
	"ephemr/internal/cli/backfill"
	"ephemr/internal/cli/calendar"
	"ephemr/internal/cli/cancel"
	"ephemr/internal/cli/check"
	"ephemr/internal/cli/clusters"
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/cost"
	"ephemr/internal/cli/deploy"
	"ephemr/internal/cli/diff"
	"ephemr/internal/cli/doctor"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/generate"
	"ephemr/internal/cli/lineage"
	"ephemr/internal/cli/logs"
	"ephemr/internal/cli/objects"
	"ephemr/internal/cli/pause"
	"ephemr/internal/cli/pipelines"
	"ephemr/internal/cli/prices"
	"ephemr/internal/cli/project"
	"ephemr/internal/cli/publications"
	"ephemr/internal/cli/query"
	"ephemr/internal/cli/redo"
	"ephemr/internal/cli/region"
	"ephemr/internal/cli/remove"
	"ephemr/internal/cli/requests"
	"ephemr/internal/cli/resize"
	"ephemr/internal/cli/resume"
	"ephemr/internal/cli/retry"
	"ephemr/internal/cli/rollback"
	"ephemr/internal/cli/runs"
	"ephemr/internal/cli/secrets"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/show"
	"ephemr/internal/cli/silence"
	"ephemr/internal/cli/start"
	"ephemr/internal/cli/stats"
	"ephemr/internal/cli/submit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/terminate"
	"ephemr/internal/cli/test"
	"ephemr/internal/cli/transfer"
	"ephemr/internal/cli/unpublish"
	"ephemr/internal/cli/upgrade"
	"ephemr/internal/cli/version"
	"ephemr/internal/cli/vpn"
	"ephemr/internal/cli/why"

	"github.com/spf13/cobra"
)

const long = `ephemr runs big-data jobs on EMR clusters that exist only while the job runs.

AWS credentials, profile, SSO and Region come from the AWS SDK: AWS_PROFILE, AWS_REGION, ~/.aws/config.

Exit codes: 0 success; 1 the run failed, or an error occurred; 2 the command line is wrong, or the request
was rejected; 3 ephemr diff and ephemr apply --dry-run found differences; 130 interrupted. ephemr submit exits with
the code of its job; 77 means nothing to do.`

const example = `  export EPHEMR_STAGE=dev
  ephemr submit -d jobs/hello -t bash
  ephemr apply pipelines/flights.yaml
  ephemr start flights-daily --date 2026-11-01 --follow
  ephemr runs --state failed`

// Root returns the whole command line.
func Root(app *session.App, given string) *cobra.Command {
	root := &cobra.Command{
		Use: "ephemr", Short: "run jobs on transient EMR clusters", Long: long, Example: example,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error { return app.Check() },
	}
	root.SetOut(app.IO.Out)
	root.SetErr(app.IO.Err)
	root.SetFlagErrorFunc(wrongFlag)
	flags := root.PersistentFlags()
	flags.StringVar(&app.Stage, "stage", "", "stage to use (default $"+session.Variable+")")
	flags.StringVarP(&app.Output, "output", "o", session.FormatTable, "output format: table or json")
	flags.BoolVar(&app.Quiet, "no-color", false, "disable colours and status lines; NO_COLOR does the same")
	cobra.CheckErr(root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(
		[]string{session.FormatTable, session.FormatJSON}, cobra.ShellCompDirectiveNoFileComp)))
	cobra.CheckErr(root.RegisterFlagCompletionFunc("stage", complete.Stages(app)))
	root.AddCommand(apply.Command(app), diff.Command(app), pipelines.Command(app), pause.Command(app), resume.Command(app), rollback.Command(app), remove.Command(app),
		calendar.Command(app), start.Command(app), backfill.Command(app), backfill.ListCommand(app), submit.Command(app),
		runs.Command(app), show.Command(app), why.Command(app), logs.Command(app), cancel.Command(app), retry.Command(app), approve.Command(app), redo.Command(app), objects.Command(app), silence.Command(app), silence.EndCommand(app), silence.ListCommand(app),
		clusters.Command(app), resize.Command(app), terminate.Command(app), audit.Command(app), cost.Command(app), prices.Command(app), requests.Command(app), query.Command(app), lineage.Command(app), secrets.Command(app), vpn.Command(app),
		generate.Command(app), transfer.Command(app), check.Command(app), stats.Command(app), publications.Command(app), unpublish.Command(app), test.Command(app),
		doctor.Command(app, given), version.Command(app, given))
	root.AddCommand(project.Command(app, given), upgrade.Command(app, given))
	root.AddCommand(deploy.Commands(app)...)
	root.AddCommand(region.Commands(app)...)
	completion(root)
	strict(root)
	return root
}

// completion adds cobra's completion commands, with examples.
func completion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	examples := map[string]string{
		"completion": "  source <(ephemr completion bash)",
		"bash":       "  source <(ephemr completion bash)\n  ephemr completion bash >~/.local/share/bash-completion/completions/ephemr",
		"zsh":        "  ephemr completion zsh >\"${fpath[1]}/_ephemr\"",
		"fish":       "  ephemr completion fish >~/.config/fish/completions/ephemr.fish",
		"powershell": "  ephemr completion powershell | Out-String | Invoke-Expression",
	}
	cmd, _, err := root.Find([]string{"completion"})
	cobra.CheckErr(err)
	for _, c := range append(cmd.Commands(), cmd) {
		c.Example = examples[c.Name()]
	}
}

// Main runs the command line and returns its exit code. A command whose output
// cannot be written is interrupted and fails.
func Main(ctx context.Context, args []string, app *session.App, given string) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := terminal.Check(app.IO.Out, cancel)
	app.IO.Out = out
	root := Root(app, given) //nolint:contextcheck // commands get the context from cobra
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if _, ours := errors.AsType[*exit.Error](err); err != nil && !ours && strings.HasPrefix(err.Error(), "unknown command ") {
		err = unknown(root, strings.Split(err.Error(), `"`)[1])
	}
	code := exit.CodeOf(err)
	if lost := out.Err(); lost != nil {
		printError(app, fmt.Errorf("output lost: %w", lost))
		if code == exit.CodeOK || code == exit.CodeInterrupted {
			code = exit.CodeFailed
		}
		return code
	}
	switch {
	case err == nil || exit.IsSilent(err):
	case ctx.Err() != nil:
		return exit.CodeInterrupted
	default:
		printError(app, err)
	}
	return code
}

// printError writes every line of an error with a prefix.
func printError(app *session.App, err error) {
	style := app.IO.ErrStyle()
	for line := range strings.Lines(session.Explain(err, app.Getenv).Error() + "\n") {
		_, _ = fmt.Fprintf(app.IO.Err, "%s %s\n", style.Red("error:"), strings.TrimRight(line, "\n"))
	}
}
