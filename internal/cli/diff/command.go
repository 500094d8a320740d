// Package diff is ephemr diff: it shows what ephemr apply would change.
package diff

import (
	"ephemr/internal/cli/apply"
	"ephemr/internal/cli/session"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"
)

// Command returns ephemr diff.
func Command(app *session.App) *cobra.Command {
	o := apply.Options{DryRun: true, Diff: true}
	cmd := &cobra.Command{
		Use:   "diff FILE|FOLDER...",
		Short: "show what ephemr apply would change",
		Long: `Compare pipeline files with what is registered, and show what ephemr apply would change: versions, triggers,
next planned times, jobs, and packages by digest. Nothing is uploaded or registered. A folder stands for all
*.yaml and *.yml below.

Exit codes: 0 nothing would change; 3 something would; 2 a file is invalid; 1 another error occurred.`,
		Example: `  ephemr diff pipelines
  ephemr diff pipelines/flights.yaml -o json | jq '.[].plan'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Files, o.JSON = args, app.JSON()
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return apply.Run(cmd.Context(), o, app.IO, s.Settings, apply.Clients{
				Profiles: ssm.NewFromConfig(s.Config), Pipelines: s.Pipelines(), S3: s.S3(), Lambda: nil, // nothing is registered
			})
		},
		ValidArgsFunction: apply.Files,
	}
	cmd.Flags().StringVarP(&o.Project, "project", "p", ".", "project root that sources and includes are relative to")
	return cmd
}
