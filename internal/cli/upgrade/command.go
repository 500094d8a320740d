package upgrade

import (
	"fmt"
	"os"
	"path/filepath"

	"ephemr"
	"ephemr/internal/cli/region"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/version"

	"github.com/spf13/cobra"
)

const long = `Pin the repository of a platform to this release, in .ephemr-version, and show what has changed since the release that
it was pinned to.

Install the new release first: it contains its changelog. The workflows of the repository install the release that is
pinned, so that dev is upgraded when the change is merged, and prod by the next tag. No other file is changed.`

// Command returns ephemr upgrade.
func Command(app *session.App, given string) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "upgrade", Short: "pin the repository to this release, after showing its changes", Long: long, Args: cobra.NoArgs,
		Example: "  ephemr upgrade --dry-run\n  ephemr upgrade",
		RunE: func(*cobra.Command, []string) error {
			here, err := os.Getwd()
			if err != nil {
				return fmt.Errorf("find the repository: %w", err)
			}
			o.JSON = app.JSON()
			if o.Project, err = filepath.Rel(here, region.Project(here)); err != nil {
				return fmt.Errorf("find the repository: %w", err)
			}
			return Run(o, app.IO, version.Of(given).Version, ephemr.Changelog)
		},
	}
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "only show the changes")
	cmd.Flags().BoolVar(&o.Downgrade, "downgrade", false, "pin this release even if it is older")
	return cmd
}
