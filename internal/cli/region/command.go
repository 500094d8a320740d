package region

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"ephemr/internal/cli/apply"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	localregion "ephemr/internal/local/region"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"
)

const upLong = `Start a local AWS region on this machine for the project, deploy ephemr to it and register the project's pipelines.

Nothing is created in AWS, and neither an account nor Docker is needed. The first time, tools are installed at pinned
versions from PyPI, npm and Maven Central into the unpacked release, about 1 GB; this takes minutes. Required: Python
3.10, Java 17, Maven 3.6, Node.js 18 with npm 9, and Linux or macOS.

While the region runs, commands in the project use it unless another stage is selected. A stage file
stages/local.yaml changes what is deployed. The region keeps running until ephemr down.`

// Commands returns ephemr up, down, demo and env.
func Commands(app *session.App) []*cobra.Command {
	return []*cobra.Command{up(app), down(app), demo(app), env(app)}
}

func up(app *session.App) *cobra.Command {
	register := true
	cmd := &cobra.Command{
		Use: "up", Short: "start a local region, deploy to it and register the project's pipelines", Long: upLong, Args: cobra.NoArgs,
		Example: "  ephemr up\n  ephemr start addition --follow\n  ephemr down",
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := Find(cmd.Context(), app)
			if err != nil {
				return err
			}
			if err := l.Up(cmd.Context(), app.IO.Err); err != nil || !register {
				return reported(err)
			}
			return l.apply(cmd.Context(), app)
		},
	}
	cmd.Flags().BoolVar(&register, "apply", true, "register the pipelines in the folder pipelines of a project with stage files")
	return cmd
}

// apply registers the pipelines of a project with stage files.
func (l Local) apply(ctx context.Context, app *session.App) error {
	folder := filepath.Join(l.Shown, "pipelines")
	if _, err := os.Stat(folder); err != nil || !l.HasStages() {
		return nil //nolint:nilerr // nothing to register
	}
	if err := app.UseProject(); err != nil {
		return err
	}
	s, err := app.Connect(ctx, localregion.Stage)
	if err != nil {
		return err
	}
	return apply.Run(ctx, apply.Options{Files: []string{folder}, Project: l.Shown}, app.IO, s.Settings, apply.Clients{
		Profiles: ssm.NewFromConfig(s.Config), Pipelines: s.Pipelines(), S3: s.S3(), Lambda: lambda.NewFromConfig(s.Config),
	})
}

func down(app *session.App) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "stop the local region and all of its processes", Args: cobra.NoArgs,
		Long:    "Stop the project's local region and all of its processes. Everything deployed to it is lost; logs in .local are kept.",
		Example: "  ephemr down",
		RunE:    laptop(app, func() []string { return []string{"down"} }),
	}
}

func demo(app *session.App) *cobra.Command {
	month := 1
	cmd := &cobra.Command{
		Use: "demo", Short: "upload a month of flights to the local region and follow the run", Args: cobra.NoArgs,
		Long:    "Register an example pipeline in the running local region, upload a month of real flights, follow the run that this\nstarts, and print its result.",
		Example: "  ephemr up\n  ephemr demo --month 2",
		RunE:    laptop(app, func() []string { return []string{"demo", "--month", strconv.Itoa(month)} }),
	}
	cmd.Flags().IntVar(&month, "month", month, "month of 2013, 1 to 12")
	return cmd
}

func env(app *session.App) *cobra.Command {
	return &cobra.Command{
		Use: "env", Short: "print shell commands that select the local region for other programs", Args: cobra.NoArgs,
		Long:    "Print shell commands that set endpoints, test credentials and stage of the project's local region, for programs like\nthe AWS CLI.",
		Example: "  ephemr env > env.sh && . ./env.sh",
		RunE:    laptop(app, func() []string { return []string{"env"} }),
	}
}

// laptop runs the program with these arguments.
func laptop(app *session.App, args func() []string) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		l, err := Find(cmd.Context(), app)
		if err != nil {
			return err
		}
		return reported(l.Laptop(cmd.Context(), app.IO.Out, app.IO.Err, args()...))
	}
}

// reported silences the error of a program that has printed its own.
func reported(err error) error {
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		return exit.Silent(exit.CodeFailed)
	}
	return err
}
