package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ephemr/internal/local/laptop"
	"ephemr/internal/local/laptop/demo"
)

func command() *cobra.Command {
	var o laptop.Options
	root := &cobra.Command{
		Use:           "laptop",
		Short:         "Run a local AWS region: an emulator, and an EMR that executes steps",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		PersistentPreRun: func(cmd *cobra.Command, _ []string) {
			o.Log = cmd.ErrOrStderr()
		},
	}
	root.PersistentFlags().StringVar(&o.Dir, "dir", "", "directory of the region (default .local in the checkout)")
	root.PersistentFlags().StringVar(&o.Stages, "stages", "", "folder with a stage file local.yaml to deploy (default: the embedded one)")
	root.AddCommand(up(&o), down(&o), status(&o), env(&o), deploy(&o), walk(&o))
	return root
}

func up(o *laptop.Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the region, or restart the parts that have stopped",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := laptop.Up(cmd.Context(), *o)
			return err
		},
	}
	cmd.Flags().BoolVar(&o.New, "new", false, "start a new region only; fail if one is recorded, running or not")
	cmd.Flags().DurationVar(&o.Provision, "provision", 3*time.Second, "how long a cluster takes to start")
	return cmd
}

func down(o *laptop.Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Stop the region and all of its processes; keep its logs",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return laptop.Down(cmd.Context(), *o) },
	}
	cmd.Flags().StringVar(&o.Endpoint, "endpoint", "", "stop the region only if its emulator has this `URL`")
	return cmd
}

func status(o *laptop.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show addresses and status of the region; exit 1 if it is not running, 3 if none is recorded",
		Args:  cobra.NoArgs,
		RunE: with(o, func(cmd *cobra.Command, r *laptop.Region) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "emulator  %s\nlocalemr  %s\nstate     %s\nlogs      %s/log\n", r.Endpoint, r.EMR, r.Dir, r.Dir)
			return err
		}),
	}
}

func env(o *laptop.Options) *cobra.Command {
	return &cobra.Command{
		Use:     "env",
		Short:   "Print shell commands that set the environment of the region",
		Example: `  eval "$(dist/bin/laptop env)"`,
		Args:    cobra.NoArgs,
		RunE: with(o, func(cmd *cobra.Command, r *laptop.Region) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "unset %s\nexport %s\n", strings.Join(laptop.Unset, " "), strings.Join(r.Environ(), " "))
			return err
		}),
	}
}

func deploy(o *laptop.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "deploy",
		Short: "Deploy the CDK app to the running region, and make the demo's tables",
		Args:  cobra.NoArgs,
		RunE: with(o, func(cmd *cobra.Command, r *laptop.Region) error {
			if err := r.Deploy(cmd.Context()); err != nil {
				return err
			}
			return demo.Declare(cmd.Context(), r)
		}),
	}
}

// with opens the region first.
func with(o *laptop.Options, do func(*cobra.Command, *laptop.Region) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		r, err := open(cmd.Context(), o)
		if err != nil {
			return err
		}
		return do(cmd, r)
	}
}

func open(ctx context.Context, o *laptop.Options) (*laptop.Region, error) {
	r, err := laptop.Open(ctx, *o)
	if err != nil {
		return nil, fmt.Errorf("%w (ephemr up or make up starts one)", err)
	}
	return r, nil
}
