package main

import (
	"os"

	"github.com/spf13/cobra"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/local/laptop"
	"ephemr/internal/local/laptop/demo"
)

func walk(o *laptop.Options) *cobra.Command {
	d := demo.Demo{IO: terminal.System(os.Getenv)}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Upload a month of flights to the running region and follow the run",
		Args:  cobra.NoArgs,
		RunE: with(o, func(cmd *cobra.Command, r *laptop.Region) error {
			d.Region = r
			return d.Run(cmd.Context())
		}),
	}
	cmd.Flags().IntVar(&d.Month, "month", 1, "month of 2013, 1 to 12")
	return cmd
}
