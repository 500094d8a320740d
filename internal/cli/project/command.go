package project

import (
	"cmp"
	"fmt"
	"path/filepath"

	"ephemr/internal/cli/session"
	"ephemr/internal/cli/version"

	"github.com/spf13/cobra"
)

const long = `Make the repository of a platform of your own: stage files, a first pipeline with its jobs and its test, a query,
GitHub workflows and a README.

What ephemr deploys stays in its release; the repository contains only what is yours. The folder must be empty or
not exist; an empty Git repository is fine. Nothing is created in AWS.`

// Command returns ephemr init.
func Command(app *session.App, given string) *cobra.Command {
	var title string
	cmd := &cobra.Command{
		Use: "init FOLDER", Short: "make a repository for stages, pipelines and tests", Long: long, Args: cobra.ExactArgs(1),
		Example: "  ephemr init my-platform\n  cd my-platform && ephemr up",
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return fmt.Errorf("find folder %s: %w", args[0], err)
			}
			files, err := Create(args[0], Values{Name: cmp.Or(title, filepath.Base(dir)), Version: version.Of(given).Version})
			if err != nil {
				return err
			}
			if app.JSON() {
				return app.IO.JSON(map[string]any{"folder": dir, "files": files})
			}
			for _, file := range files {
				app.IO.Printf("%s\n", file)
			}
			app.IO.Notef("created %s; next: cd %[1]s && ephemr up\n", args[0])
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	cmd.Flags().StringVar(&title, "name", "", "name of the platform (default: that of the folder)")
	return cmd
}
