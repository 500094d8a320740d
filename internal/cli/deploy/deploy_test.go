package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
	"ephemr/internal/cli/deploy"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/release"
)

// tool records the command lines of the CDK CLI.
type tool struct {
	calls []string
	fails string // command that fails
}

func (c *tool) Install(context.Context) error { return nil }

func (c *tool) Run(_ context.Context, command string, args ...string) error {
	line := command
	for i, arg := range args {
		if i > 0 && (args[i-1] == "--output" || args[i-1] == "--app") {
			arg = "DIR"
		}
		line += " " + arg
	}
	c.calls = append(c.calls, line)
	if command == c.fails {
		return errors.New("exit status 1")
	}
	return nil
}

const (
	synth  = "synth --quiet --output DIR --context stage=dev --context stages=/p/stages"
	diff   = "diff --app DIR --method template"
	update = "deploy --app DIR --all --require-approval never"
)

func TestDeploy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		options  deploy.Options
		deployed string // version; "" = none
		typed    string // by the person; "" = the input is no terminal
		fails    string
		account  string
		calls    []string
		want     string // error
	}{
		"first, confirmed":          {options: deploy.Options{Yes: true}, calls: []string{synth, diff, update}},
		"first, by hand":            {typed: "y\n", calls: []string{synth, diff, update}},
		"declined":                  {typed: "n\n", calls: []string{synth, diff}, want: "nothing was changed"},
		"no answer":                 {calls: []string{synth, diff}, want: "Deploy stage dev with ephemr v1.2.0? The input is not a terminal: confirm with --yes"},
		"difference only":           {options: deploy.Options{DryRun: true}, calls: []string{synth, diff}},
		"templates are invalid":     {options: deploy.Options{Yes: true}, fails: "synth", calls: []string{synth}, want: "exit status 1"},
		"an upgrade":                {options: deploy.Options{Yes: true}, deployed: "v1.1.9", calls: []string{synth, diff, update}},
		"the same":                  {options: deploy.Options{Yes: true}, deployed: "v1.2.0", calls: []string{synth, diff, update}},
		"from an untagged version":  {options: deploy.Options{Yes: true}, deployed: "ceb660f9", calls: []string{synth, diff, update}},
		"a downgrade":               {options: deploy.Options{Yes: true}, deployed: "v1.10.0", want: "was deployed by ephemr v1.10.0, which is newer than this one, v1.2.0"},
		"commits after our tag":     {options: deploy.Options{Yes: true}, deployed: "v1.2.0-3-gabcdef1", want: "which is newer than this one"},
		"a downgrade that is meant": {options: deploy.Options{Yes: true, Downgrade: true}, deployed: "v2.0.0", calls: []string{synth, diff, update}},
		"another account":           {options: deploy.Options{Yes: true}, account: "999999999999", want: "belongs to account 999999999999, and the AWS credentials to account 123456789012"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.options.Stage, tt.options.Stages = "dev", "/p/stages"
			parameters := map[string]string{}
			if tt.deployed != "" {
				parameters["/ephemr/dev/settings"] = settings(t, tt.deployed)
			}
			var out bytes.Buffer
			io := &terminal.IO{Out: &out, Err: &out}
			cli := &tool{fails: tt.fails}
			err := deploy.Run(
				t.Context(), tt.options, io, release.Release{Version: "v1.2.0"}, config.Config{Stage: "dev", Account: tt.account},
				deploy.Clients{Parameters: awsfake.NewSSM(parameters), Identity: identity{}, Stacks: &stacks{}},
				cli, deploy.Confirm{IO: io, In: strings.NewReader(tt.typed), Interactive: tt.typed != ""},
			)
			if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if diff := cmp.Diff(tt.calls, cli.calls); diff != "" {
				t.Errorf("commands of the CDK (-want +got):\n%s", diff)
			}
		})
	}
}

// A stack whose creation was rolled back is deleted by the CDK, unless it is protected.
func TestDeployUnprotects(t *testing.T) {
	t.Parallel()
	fake := &stacks{all: map[string]*fakeStack{
		"ephemr-dev-lake":     {status: types.StackStatusRollbackComplete, protected: true},
		"ephemr-dev-platform": {status: types.StackStatusUpdateComplete, protected: true},
	}}
	io := &terminal.IO{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}
	err := deploy.Run(
		t.Context(), deploy.Options{Stage: "dev", Yes: true}, io, release.Release{}, config.Config{},
		deploy.Clients{Parameters: awsfake.NewSSM(nil), Identity: identity{}, Stacks: fake}, &tool{}, deploy.Confirm{IO: io},
	)
	if err != nil || fake.all["ephemr-dev-lake"].protected || !fake.all["ephemr-dev-platform"].protected {
		t.Errorf("got %v, %+v", err, fake.all)
	}
}

func TestConfirmationIsUsage(t *testing.T) {
	t.Parallel()
	io := &terminal.IO{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}
	err := deploy.Run(
		t.Context(), deploy.Options{Stage: "dev"}, io, release.Release{}, config.Config{},
		deploy.Clients{Parameters: awsfake.NewSSM(nil), Identity: identity{}, Stacks: &stacks{}}, &tool{}, deploy.Confirm{IO: io},
	)
	if exit.CodeOf(err) != exit.CodeUsage {
		t.Errorf("got %v", err)
	}
}
