package deploy

import (
	"context"
	"errors"
	"os"
	"os/exec"

	"ephemr/infra/config"
	"ephemr/internal/cli/deploy/leftovers"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/region"
	"ephemr/internal/cli/session"
	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const deployLong = `Deploy a stage from the release: show what changes, ask, and deploy it with the CDK CLI.

The stage's file is stages/<stage>.yaml of the project. Only Node.js 18 with npm 9 is required: the CDK CLI is installed
at a pinned version from npm into the unpacked release. The account and Region must be bootstrapped for the CDK once.

A stage that a newer version of ephemr has deployed is refused, unless with --downgrade.`

const destroyLong = `Delete the stacks of a stage, after showing what is deleted and what is kept.

A stage with retain: true keeps its buckets, tables, queues and log groups, which cost money as long as they store
data; --data deletes these as well. Buckets that contain objects are only deleted with --data. A stage whose clusters
still run is refused. The CDK's bootstrap stack is never deleted.`

// Commands returns ephemr deploy and ephemr destroy.
func Commands(app *session.App) []*cobra.Command {
	return []*cobra.Command{deployCommand(app), destroyCommand(app)}
}

func deployCommand(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use: "deploy", Short: "deploy a stage from the release, after showing what changes", Long: deployLong, Args: cobra.NoArgs,
		Example: "  ephemr deploy --stage dev --dry-run\n  ephemr deploy --stage dev\n  ephemr deploy --stage prod --yes",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			found, err := app.Release(ctx)
			if err != nil {
				return err
			}
			file, aws, err := o.target(ctx, app)
			if err != nil {
				return err
			}
			tool := cdk{root: found.Root, region: aws.Region, out: app.IO.Err}
			if o.DryRun {
				tool.out = app.IO.Out
			}
			err = Run(ctx, o, app.IO, found, file, Clients{
				Parameters: ssm.NewFromConfig(aws), Identity: sts.NewFromConfig(aws), Stacks: cloudformation.NewFromConfig(aws),
			}, tool, terminalConfirm(app))
			if _, ended := errors.AsType[*exec.ExitError](err); ended {
				app.IO.Notef("error: %v\n", err) // the tool has printed why
				return exit.Silent(exit.CodeFailed)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Stages, "stages", "", "`folder` with stage files (default: stages in the project)")
	flags.BoolVar(&o.DryRun, "dry-run", false, "only show what would change")
	flags.BoolVar(&o.Yes, "yes", false, "do not ask before deploying")
	flags.BoolVar(&o.Downgrade, "downgrade", false, "deploy even if the stage has a newer version")
	cobra.CheckErr(cmd.MarkFlagDirname("stages"))
	return cmd
}

// target completes o, and returns the stage's configuration and that of AWS.
func (o *Options) target(ctx context.Context, app *session.App) (config.Config, aws.Config, error) {
	var none config.Config
	if o.Stage = app.StageName(); o.Stage == "" {
		return none, aws.Config{}, noStage()
	}
	here, err := os.Getwd()
	if err != nil {
		return none, aws.Config{}, err //nolint:wrapcheck // says what it is
	}
	if o.Stages, err = absolute(o.Stages, region.Project(here)); err != nil {
		return none, aws.Config{}, err
	}
	file, err := load(o.Stage, o.Stages)
	if err != nil {
		return none, aws.Config{}, err
	}
	cfg, err := inRegion(ctx, file.Region)
	return file, cfg, err
}

func destroyCommand(app *session.App) *cobra.Command {
	var o DestroyOptions
	cmd := &cobra.Command{
		Use: "destroy", Short: "delete the stacks of a stage", Long: destroyLong, Args: cobra.NoArgs,
		Example: "  ephemr destroy --stage dev\n  ephemr destroy --stage dev --data",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			var target Options
			_, cfg, err := target.target(ctx, app)
			if err != nil {
				return err
			}
			o.Stage = target.Stage
			settings, err := session.Load(ctx, ssm.NewFromConfig(cfg), o.Stage)
			if err != nil && !session.NotDeployed(err) {
				return err
			}
			if session.NotDeployed(err) {
				settings = stage.Settings{}
			}
			return Destroy(ctx, o, app.IO, cloudformation.NewFromConfig(cfg), leftovers.New(cfg, settings), terminalConfirm(app))
		},
	}
	cmd.Flags().BoolVar(&o.Data, "data", false, "also delete buckets, tables, queues and log groups with all of their data")
	cmd.Flags().BoolVar(&o.Yes, "yes", false, "do not ask")
	return cmd
}

func noStage() error {
	return exit.Usage("no stage given; use --stage dev or set %s=dev", session.Variable)
}

// inRegion is the AWS configuration for the Region of the stage; "" = that of the credentials.
func inRegion(ctx context.Context, name string) (aws.Config, error) {
	cfg, err := session.Config(ctx)
	if name != "" && (err == nil || cfg.Region == "") {
		cfg.Region = name
		return cfg, nil
	}
	return cfg, err
}

func terminalConfirm(app *session.App) Confirm {
	return Confirm{IO: app.IO, In: os.Stdin, Interactive: term.IsTerminal(int(os.Stdin.Fd()))}
}
