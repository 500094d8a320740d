package requests

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
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
		Short: "list and redrive rejected messages",
		Long: `List and redrive rejected messages.

An invalid message is recorded as a REJECTED run and moved to a dead-letter queue. Once the cause is fixed, for
example the pipeline is registered, the message can be redriven. On a stage with users a request runs with the
identity of its sender. Redriven requests are sent by you: requests of others are redriven only with --as-me and
their run ids.`,
		Example: "  ephemr requests list\n  ephemr requests redrive",
	}
	cmd.PersistentFlags().BoolVar(&o.Events, "events", false, "use the dead-letter queue of S3 and schedule events instead")
	redrive := sub(app, &o, Redrive, &cobra.Command{
		Use: "redrive [RUN...]", Short: "redrive rejected messages: all, or those of the given runs",
		Example: "  ephemr requests redrive\n  ephemr requests redrive rejected-20260102T0300-0a1b2c3d", Args: cobra.ArbitraryArgs,
	})
	redrive.Flags().BoolVar(&o.AsMe, "as-me", false, "also redrive requests sent by others; they will run with your identity")
	cmd.AddCommand(
		redrive,
		sub(app, &o, List, &cobra.Command{
			Use: "list", Short: "list rejected messages with their reasons",
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
			if o.Me, err = s.Sender(cmd.Context()); err != nil {
				return err
			}
		}
		return run(cmd.Context(), *o, app.IO, s.Settings, sqs.NewFromConfig(s.Config))
	}
	return cmd
}
