package vpn

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
	"ephemr/internal/vpn"
)

// Command returns ephemr vpn.
func Command(app *session.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "vpn",
		Short:   "issue and revoke certificates of the stage's VPN",
		Long:    "Issue and revoke certificates of the VPN of a stage, see network.vpn in its file.",
		Example: "  ephemr vpn cert anna\n  ephemr vpn list",
	}
	cmd.AddCommand(
		command(app, &cobra.Command{
			Use:   "cert NAME",
			Short: "write NAME.ovpn with a new certificate",
			Long: `Write NAME.ovpn, which OpenVPN and AWS's client read, with a certificate for a year and its private key.

The first call makes the certificate authority of the stage, and imports the server's certificate into ACM. The key of
the authority is a secret of Secrets Manager; the key of a client is in the file alone.`,
			Example: "  ephemr vpn cert anna", Args: cobra.ExactArgs(1),
		}, func(ctx context.Context, args []string, c Clients) error { return Cert(ctx, args[0], app.IO, c) }),
		command(app, &cobra.Command{
			Use: "revoke NAME", Short: "revoke the certificate of a client", Long: "Revoke the certificate of a client. It can be repeated.",
			Example: "  ephemr vpn revoke anna", Args: cobra.ExactArgs(1),
		}, func(ctx context.Context, args []string, c Clients) error { return Revoke(ctx, args[0], app.IO, c) }),
		command(app, &cobra.Command{
			Use: "list", Short: "list certificates of clients", Long: "List certificates of clients, with those that were revoked.",
			Example: "  ephemr vpn list\n  ephemr vpn list -o json | jq -r '.[] | select(.state == \"valid\") | .name'", Args: cobra.NoArgs,
		}, func(ctx context.Context, _ []string, c Clients) error { return List(ctx, app.JSON(), app.IO, c) }))
	return cmd
}

func command(app *session.App, cmd *cobra.Command, run func(context.Context, []string, Clients) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := app.Session(cmd.Context())
		if err != nil {
			return err
		}
		return run(cmd.Context(), args, Clients{
			Store:        &vpn.Store{API: secretsmanager.NewFromConfig(s.Config), Stage: s.Settings.Stage},
			Certificates: acm.NewFromConfig(s.Config), Endpoints: ec2.NewFromConfig(s.Config), Now: time.Now,
		})
	}
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	return cmd
}
