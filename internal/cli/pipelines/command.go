package pipelines

import (
	"ephemr/internal/cli/session"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/spf13/cobra"
)

// Command returns ephemr pipelines.
func Command(app *session.App) *cobra.Command {
	return &cobra.Command{
		Use: "pipelines", Short: "list the registered pipelines", Args: cobra.NoArgs,
		Long: `List the current version of every registered pipeline by name, with its state, triggers and owner.
Of a paused pipeline it says how many planned times have become due; ephemr calendar lists them.`,
		Example: `  ephemr pipelines
  ephemr pipelines -o json | jq -r '.[].spec.pipeline'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), Options{JSON: app.JSON()}, app.IO, dynamodb.NewFromConfig(s.Config), s.Settings.PipelinesTable)
		},
	}
}
