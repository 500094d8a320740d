package test

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/region"
	"ephemr/internal/cli/session"
	"ephemr/internal/release"
)

// localStage is the name of the stage in a laptop's region.
const localStage = "local"

// connector returns how tests find their stage: the one that is selected, or the local
// region of the project, which is started if it does not run.
func connector(app *session.App) Connect {
	return func(ctx context.Context) (Clients, func(context.Context) error, error) {
		if app.StageName() == "" {
			return onLaptop(ctx, app)
		}
		s, err := app.Session(ctx)
		if err != nil {
			return Clients{}, endNothing, err
		}
		if err := permitted(app, s); err != nil {
			return Clients{}, endNothing, err
		}
		c, err := clients(ctx, s)
		return c, endNothing, err
	}
}

// endNothing is for a stage that tests did not start.
func endNothing(context.Context) error { return nil }

// permitted refuses a stage that is not local, unless the command line names it.
func permitted(app *session.App, s *session.Session) error {
	switch {
	case s.Settings.OnLaptop():
		return nil
	case app.Stage == "":
		return exit.Usage("stage %s ($%s) is in account %s and not in a local region, and tests run there would create clusters that cost money; "+
			"unset %[2]s to test in the local region, or confirm the stage with --stage %[1]s", s.Settings.Stage, session.Variable, s.Settings.Account)
	}
	app.IO.Notef("testing on stage %s in account %s: its clusters cost money, and data is written to folders tests/ of its lake\n", s.Settings.Stage, s.Settings.Account)
	return nil
}

// onLaptop connects to the region of the project.
func onLaptop(ctx context.Context, app *session.App) (Clients, func(context.Context) error, error) {
	local, err := region.Find(ctx, app)
	if errors.Is(err, release.ErrNotFound) {
		return Clients{}, endNothing, exit.Usage("tests run in a local region: %w; or name a stage with --stage", err)
	}
	if err != nil {
		return Clients{}, endNothing, err
	}
	install := func(ctx context.Context) error { return local.Install(ctx, app.IO.Err) }
	return Region{Program: local.Program(), Args: local.Args(), Install: install, IO: app.IO}.Connect(ctx)
}

// connected connects to a region, without anything of the user's own AWS configuration.
func connected(ctx context.Context, env map[string]string) (Clients, error) {
	cfg := aws.Config{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	}
	settings, err := session.Load(ctx, ssm.NewFromConfig(cfg), localStage)
	if session.NotDeployed(err) {
		return Clients{}, errors.New("a local region runs, but nothing is deployed to it; run ephemr up")
	}
	if err != nil {
		return Clients{}, err
	}
	return clients(ctx, &session.Session{Config: cfg, Settings: settings})
}
