package apply

import (
	"ephemr/internal/cli/session"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"
)

// Command returns ephemr apply.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "apply FILE|FOLDER...",
		Short: "register pipeline files: package, upload, schedule",
		Long: `Register pipeline files. A folder stands for all *.yaml and *.yml below, without those in .git or behind
symbolic links to folders.

All files are validated first; every error is reported with file, line and column. Then the sources of the
jobs are packaged and uploaded, unless the same content exists already, and the pipeline becomes the current
version with its schedules and S3 triggers. Each pipeline is registered completely or not at all, and one that
cannot be registered does not affect the others. Applying the same file again changes nothing, but uploads a
package that was deleted or overwritten in S3. Existing runs keep the version they started with. A pipeline whose
file is gone stays registered until ephemr delete.

With --dry-run, it shows what would change as ephemr diff does, and exits with 3 if anything would.`,
		Example: `  ephemr apply pipelines/flights.yaml
  ephemr apply pipelines
  ephemr apply --dry-run pipelines/*.yaml`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Files, o.JSON = args, app.JSON()
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), o, app.IO, s.Settings, Clients{
				Profiles: ssm.NewFromConfig(s.Config), Pipelines: s.Pipelines(), S3: s.S3(), Lambda: lambda.NewFromConfig(s.Config),
			})
		},
		ValidArgsFunction: Files,
	}
	cmd.Flags().StringVarP(&o.Project, "project", "p", ".", "project root that sources and includes are relative to")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "validate, and show what would change; upload and register nothing")
	return cmd
}

// Files offers pipeline files and folders.
var Files = cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt)
