package test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
)

// localStage is the name of the stage in a laptop's region.
const localStage = "local"

// connector returns how tests find their stage: the one that is selected, or the local
// region of the checkout, which is started if it does not run.
func connector(app *session.App) Connect {
	return func(ctx context.Context) (Clients, func(context.Context) error, error) {
		if app.StageName() == "" {
			return onLaptop(ctx, app.IO)
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

// onLaptop connects to the region of the checkout.
func onLaptop(ctx context.Context, term *terminal.IO) (Clients, func(context.Context) error, error) {
	program, err := laptop()
	if err != nil {
		return Clients{}, endNothing, err
	}
	return Region{Program: program, IO: term}.Connect(ctx)
}

// laptop is the program that starts regions: beside this one, or in the PATH.
func laptop() (string, error) {
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), "laptop"); exists(beside) {
			return beside, nil
		}
	}
	if found, err := exec.LookPath("laptop"); err == nil {
		return found, nil
	}
	return "", exit.Usage("tests run in a local region, and its program, laptop, is neither beside ephemr nor in the PATH; run make build, or name a stage with --stage")
}

// connected connects to a region, without anything of the user's own AWS configuration.
func connected(ctx context.Context, env map[string]string) (Clients, error) {
	cfg := aws.Config{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]),
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], ""),
	}
	settings, err := session.Load(ctx, ssm.NewFromConfig(cfg), localStage)
	if session.NotDeployed(err) {
		return Clients{}, errors.New("a local region runs, but nothing is deployed to it; run make deploy")
	}
	if err != nil {
		return Clients{}, err
	}
	return clients(ctx, &session.Session{Config: cfg, Settings: settings})
}
