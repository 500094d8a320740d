package requests

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/stage"
)

// Command returns ephemr requests.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "requests",
		Short: "messages that were refused: list them, send them again",
		Long: `Messages that were refused.

A message that is wrong is recorded as a REJECTED run and moved to a dead-letter queue. When the reason is mended,
for example because the pipeline is registered now, it can be sent again. On a stage with users a request runs as
whom its sender may be, and that is you then: those of others are only sent when you name them with --as-me.`,
		Example: "  ephemr requests list\n  ephemr requests redrive",
	}
	cmd.PersistentFlags().BoolVar(&o.Events, "events", false, "those of S3 and schedules instead of requests")
	redrive := sub(app, &o, Redrive, &cobra.Command{
		Use: "redrive [RUN...]", Short: "send refused messages again: those of the rejected runs named, or all",
		Example: "  ephemr requests redrive\n  ephemr requests redrive rejected-20260102T0300-0a1b2c3d", Args: cobra.ArbitraryArgs,
	})
	redrive.Flags().BoolVar(&o.AsMe, "as-me", false, "also requests that others have sent, to run as whom you may be")
	cmd.AddCommand(
		redrive,
		sub(app, &o, List, &cobra.Command{
			Use: "list", Short: "list the refused messages with the reasons",
			Example: "  ephemr requests list\n  ephemr requests list --events -o json", Args: cobra.NoArgs,
		}),
	)
	return cmd
}

func sub(
	app *session.App, o *Options, run func(context.Context, Options, *terminal.IO, stage.Settings, QueueAPI) error, cmd *cobra.Command,
) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := app.Session(cmd.Context())
		if err != nil {
			return err
		}
		o.Runs, o.JSON = args, app.JSON()
		if len(s.Settings.Access.Users) > 0 {
			who, err := sts.NewFromConfig(s.Config).GetCallerIdentity(cmd.Context(), &sts.GetCallerIdentityInput{})
			if err != nil {
				return fmt.Errorf("find out who you are: %w", err)
			}
			o.Me = aws.ToString(who.UserId)
		}
		return run(cmd.Context(), *o, app.IO, s.Settings, sqs.NewFromConfig(s.Config))
	}
	return cmd
}
