package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/region"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/release"
)

// localStage is the name of the stage in a laptop's region.
const localStage = "local"

// connector returns how tests find their stage: the one that is selected, or the local
// region of the checkout, which is started if it does not run.
func connector(app *session.App) Connect {
	return func(ctx context.Context) (Clients, func(context.Context) error, error) {
		nothing := func(context.Context) error { return nil }
		if app.StageName() == "" {
			return onLaptop(ctx, app)
		}
		s, err := app.Session(ctx)
		if err != nil {
			return Clients{}, nothing, err
		}
		if err := permitted(app, s); err != nil {
			return Clients{}, nothing, err
		}
		c, err := clients(ctx, s)
		return c, nothing, err
	}
}

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

// onLaptop finds the region of the project, or starts one. The returned function ends
// a region that was started.
func onLaptop(ctx context.Context, app *session.App) (Clients, func(context.Context) error, error) {
	end := func(context.Context) error { return nil }
	local, err := region.Find(ctx, app)
	if errors.Is(err, release.ErrNotFound) {
		return Clients{}, end, exit.Usage("tests run in a local region: %w; or name a stage with --stage", err)
	}
	if err != nil {
		return Clients{}, end, err
	}
	env, err := environ(ctx, local)
	if err != nil {
		if env, end, err = started(ctx, local, app.IO); err != nil {
			return Clients{}, end, err
		}
	}
	c, err := connected(ctx, env)
	if err != nil {
		return c, end, errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	return c, end, nil
}

// started starts a region and deploys to it.
func started(ctx context.Context, local region.Local, term *terminal.IO) (map[string]string, func(context.Context) error, error) {
	end := func(ctx context.Context) error {
		var out bytes.Buffer
		if err := local.Laptop(ctx, &out, &out, "down"); err != nil {
			return fmt.Errorf("%w\n%s", err, bytes.TrimSpace(out.Bytes()))
		}
		return nil
	}
	term.Notef("starting a local region for the tests; one that runs is used instead (ephemr up)\n")
	err := local.Up(ctx, term.Err)
	var env map[string]string
	if err == nil {
		env, err = environ(ctx, local)
	}
	if err != nil {
		return nil, end, errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	return env, end, nil
}

// environ is what laptop env prints, if a region runs.
func environ(ctx context.Context, local region.Local) (map[string]string, error) {
	var out bytes.Buffer
	if err := local.Laptop(ctx, &out, io.Discard, "env"); err != nil {
		return nil, err
	}
	env := map[string]string{}
	for word := range strings.FieldsSeq(out.String()) {
		if name, value, ok := strings.Cut(word, "="); ok {
			env[name] = value
		}
	}
	return env, nil
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
