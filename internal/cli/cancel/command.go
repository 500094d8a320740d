package cancel

import (
	"cmp"
	"os/user"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
)

// Command returns ephemr cancel.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "cancel RUN...",
		Short: "end runs, and their clusters with them",
		Long: `End runs, and their clusters with them.

A queued run ends at once. One that runs ends as CANCELLED as soon as the stage has taken notice, a second or
so; its jobs are stopped together with the cluster. ephemr retry lets it go on later.`,
		Example: `  ephemr cancel flights-daily-20260102T0300-0a1b2c3d --why "wrong input"`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Runs, o.JSON, o.Why = args, app.JSON(), cmp.Or(o.Why, "cancelled by "+me())
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
		},
	}
	cmd.Flags().StringVar(&o.Why, "why", "", `reason for the record (default "cancelled by" and who you are)`)
	return cmd
}

func me() string {
	u, err := user.Current()
	if err != nil {
		return "somebody"
	}
	return u.Username
}
