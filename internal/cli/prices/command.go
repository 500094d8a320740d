// Package prices is ephemr prices: it updates the price table of a Region.
package prices

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cost/pricelist"
)

// Options of ephemr prices refresh.
type Options struct {
	Region string
	File   string // "" = standard output
}

// Command returns ephemr prices.
func Command(app *session.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "prices",
		Short:   "update the price table that costs are estimated from",
		Long:    `Update the price table that costs are estimated from: list prices of EC2, EMR and EBS in a Region.`,
		Example: `  ephemr prices refresh --region eu-west-1 --file internal/cost/prices/eu-west-1.csv`,
	}
	var o Options
	refresh := &cobra.Command{
		Use:   "refresh",
		Short: "read AWS's price list of a Region and write its table",
		Long: `Read AWS's price list of a Region (pricing:GetProducts) and write its table. In the repository the table belongs in
internal/cost/prices; it is used from the next deployment on. A Region without a table has the prices of us-east-1.`,
		Example: `  ephemr prices refresh --region eu-west-1 --file internal/cost/prices/eu-west-1.csv`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Region = cmp.Or(o.Region, s.Settings.Region)
			client := pricing.NewFromConfig(s.Config, func(p *pricing.Options) { p.Region = pricelist.Region })
			return Refresh(cmd.Context(), o, app.IO, client)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	refresh.Flags().StringVar(&o.Region, "region", "", "Region of the prices (default the stage's)")
	refresh.Flags().StringVar(&o.File, "file", "", "`file` to write (default standard output)")
	cmd.AddCommand(refresh)
	return cmd
}

// Refresh writes the table of a Region, if the price list has all of it.
func Refresh(ctx context.Context, o Options, io *terminal.IO, api pricelist.API) error {
	table, err := pricelist.Fetch(ctx, api, o.Region)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := table.Write(&text); err != nil {
		return err
	}
	if o.File == "" {
		io.Printf("%s", text.String())
		return nil
	}
	if err := os.WriteFile(o.File, text.Bytes(), 0o644); err != nil { //nolint:gosec // part of a repository
		return fmt.Errorf("write price table: %w", err)
	}
	io.Notef("prices of %d instance types in %s as of %s\n", len(table.Types), table.Region, table.Date)
	return nil
}
