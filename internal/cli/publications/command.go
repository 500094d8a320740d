package publications

import (
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
)

// Command returns ephemr publications.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "publications TABLE",
		Short: "list what runs have published to a table",
		Long: `List the partitions that runs have published to a table: the location that readers see, the run that wrote it, and
with --all what each partition pointed at before. TABLE may have the database of pipelines, ephemr, or that of Glue.`,
		Example: `  ephemr publications ephemr.availability
  ephemr publications availability --all
  ephemr publications ephemr_dev.availability
  ephemr publications -o json availability | jq '.[].current.location'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Table, o.Database, o.JSON = args[0], s.Settings.Database(), app.JSON()
			return Run(cmd.Context(), o, app.IO, s.Publications())
		},
		ValidArgsFunction: complete.None,
	}
	cmd.Flags().BoolVar(&o.All, "all", false, "also list earlier publications")
	return cmd
}
