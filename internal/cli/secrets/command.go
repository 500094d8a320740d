// Package secrets is ephemr secrets: what is known of the secrets of pipelines, without
// reading them.
package secrets

import (
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"

	"ephemr/internal/access"
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/intake"
	"ephemr/internal/secretcheck"
)

// Command returns ephemr secrets.
func Command(app *session.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "secrets",
		Short:   "check the secrets of a pipeline's jobs",
		Long:    "Check the secrets of a pipeline's jobs. Their values are never read.",
		Example: "  ephemr secrets check store-availability",
	}
	cmd.AddCommand(check(app))
	return cmd
}

func check(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "check PIPELINE",
		Short: "show whether secrets exist, and whether jobs may read them",
		Long: `Show for each secret of each job of a registered pipeline whether it exists, and whether the role of the job may read
it. With a matrix all combinations are checked.

READABLE is no if the stage's file does not list the secret for the role, in which case runs are refused before they
have a cluster. Where you may call iam:SimulatePrincipalPolicy, the deployed policies of the role are evaluated too.
Policies of the secret itself and of its KMS key are not. EXISTS is unknown where you may not look for the secret.

No value is read: whether a JSON object has the key after # is found out by the job only.

Exit codes: 0 no problem was found; 1 a secret does not exist, or a job may not read it; 2 the pipeline is unknown.`,
		Example: `  ephemr secrets check store-availability
  ephemr secrets check warehouse --param country=pt -o json | jq '.[] | select(.problem)'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Pipeline, o.JSON = args[0], app.JSON()
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			parameters := ssm.NewFromConfig(s.Config)
			return Check(cmd.Context(), o, app.IO, s.Settings, Clients{
				Pipelines: s.Pipelines(), Users: &intake.UserStore{Settings: s.Settings, SSM: parameters}, IAM: iam.NewFromConfig(s.Config),
				Checker: &secretcheck.Checker{
					Secrets: secretsmanager.NewFromConfig(s.Config), Parameters: parameters,
					Place: access.Place{Account: s.Settings.Account, Region: s.Settings.Region},
				},
			})
		},
		ValidArgsFunction: complete.Pipelines(app),
	}
	cmd.Flags().StringArrayVar(&o.Params, "param", nil, "value of a param, as `key=value`; can be repeated")
	return cmd
}
