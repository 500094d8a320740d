// Package deploy is ephemr deploy and ephemr destroy: it deploys a stage from the release, by the CDK CLI, and deletes
// one.
package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ephemr/infra/config"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/fault"
	"ephemr/internal/release"
	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Options of ephemr deploy.
type Options struct {
	Stage     string
	Stages    string // folder with stage files; "" = the embedded ones
	DryRun    bool   // only show the difference
	Yes       bool   // do not ask
	Downgrade bool   // also over a newer version
}

// Tool is the CDK CLI.
type Tool interface {
	Install(ctx context.Context) error
	Run(ctx context.Context, command string, args ...string) error
}

// Clients are the clients that deploy uses.
type Clients struct {
	Parameters session.ParameterAPI
	Identity   IdentityAPI
	Stacks     StacksAPI
}

// IdentityAPI finds the account.
type IdentityAPI interface {
	GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// Run deploys a stage. What is shown is what is deployed: the templates are synthesized once.
func Run(ctx context.Context, o Options, io *terminal.IO, r release.Release, cfg config.Config, c Clients, tool Tool, confirm Confirm) (err error) {
	if err := check(ctx, o, io, r, cfg, c); err != nil {
		return err
	}
	templates, err := os.MkdirTemp("", "ephemr-"+o.Stage+"-")
	if err != nil {
		return fmt.Errorf("make folder for templates: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(templates)) }()
	if err := compare(ctx, o, tool, templates); err != nil || o.DryRun {
		return err
	}
	if err := confirm.ask(o.Yes, "Deploy stage "+o.Stage+" with ephemr "+r.Version+"?", "y"); err != nil {
		return err
	}
	if err := unprotect(ctx, io, o.Stage, c.Stacks); err != nil {
		return err
	}
	if err := tool.Run(ctx, "deploy", "--app", templates, "--all", "--require-approval", "never"); err != nil {
		return err
	}
	io.Notef("stage %s is deployed; check it with: ephemr --stage %[1]s doctor\n", o.Stage)
	return nil
}

// check refuses another account, and an older version than the stage's.
func check(ctx context.Context, o Options, io *terminal.IO, r release.Release, cfg config.Config, c Clients) error {
	if err := checkAccount(ctx, cfg, c.Identity); err != nil {
		return err
	}
	deployed, err := deployedVersion(ctx, c.Parameters, o.Stage)
	if err != nil {
		return err
	}
	note, err := checkVersion(o.Stage, deployed, r.Version, o.Downgrade)
	io.Notef("%s", note)
	return err
}

// compare synthesizes the templates, and shows what they would change. Not by a change set: it would be created in the
// stack, and needs more permissions.
func compare(ctx context.Context, o Options, tool Tool, templates string) error {
	if err := tool.Install(ctx); err != nil {
		return err
	}
	synth := []string{"--quiet", "--output", templates, "--context", "stage=" + o.Stage}
	if o.Stages != "" {
		synth = append(synth, "--context", "stages="+o.Stages)
	}
	if err := tool.Run(ctx, "synth", synth...); err != nil {
		return err
	}
	return tool.Run(ctx, "diff", "--app", templates, "--method", "template")
}

// deployedVersion is the version of the stage; "" if it has none. The other settings may be incompatible: they are about
// to be replaced.
func deployedVersion(ctx context.Context, api session.ParameterAPI, name string) (string, error) {
	out, err := api.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(stage.ParameterName(name))})
	if fault.Code(err) == "ParameterNotFound" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look up stage %s: %w", name, err)
	}
	var settings struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal([]byte(aws.ToString(out.Parameter.Value)), &settings); err != nil {
		return "", fmt.Errorf("read settings of stage %s: %w", name, err)
	}
	return settings.Version, nil
}

// checkAccount refuses credentials of another account than the stage's.
func checkAccount(ctx context.Context, cfg config.Config, api IdentityAPI) error {
	if cfg.Account == "" {
		return nil
	}
	who, err := api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return fmt.Errorf("get account of the credentials: %w", err)
	}
	if account := aws.ToString(who.Account); account != cfg.Account {
		return exit.Usage("stage %s belongs to account %s, and the AWS credentials to account %s; set AWS_PROFILE to a profile of the stage's account",
			cfg.Stage, cfg.Account, account)
	}
	return nil
}

// stackNames are the stacks that a stage can have, in the order in which they are deployed.
func stackNames(stage string) []string {
	names := []string{"network", "lake", "platform", "triggers", "ingestion", "delivery"}
	for i, name := range names {
		names[i] = "ephemr-" + stage + "-" + name
	}
	return names
}

// describe returns a stack; nil if it does not exist.
func describe(ctx context.Context, api StacksAPI, name string) (*types.Stack, error) {
	out, err := api.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil && strings.Contains(err.Error(), "does not exist") { // a ValidationError, which has no other mark
		return nil, nil //nolint:nilnil // no stack
	}
	if err != nil {
		return nil, fmt.Errorf("describe stack %s: %w", name, err)
	}
	if len(out.Stacks) == 0 || out.Stacks[0].StackStatus == types.StackStatusDeleteComplete {
		return nil, nil //nolint:nilnil // no stack
	}
	return &out.Stacks[0], nil
}

// unprotect lets a first deployment that failed be repeated: the CDK deletes a stack whose creation was rolled back
// before it creates the stack again, but such a stack of a stage with retain: true is protected. It has no resources.
func unprotect(ctx context.Context, io *terminal.IO, stage string, api StacksAPI) error {
	for _, name := range stackNames(stage) {
		stack, err := describe(ctx, api, name)
		if err != nil {
			return err
		}
		if stack == nil || stack.StackStatus != types.StackStatusRollbackComplete && stack.StackStatus != types.StackStatusRollbackFailed {
			continue
		}
		io.Notef("stack %s could not be created before and will be deleted: disabling its termination protection\n", name)
		if err := protection(ctx, api, name, false); err != nil {
			return err
		}
	}
	return nil
}

func protection(ctx context.Context, api StacksAPI, name string, on bool) error {
	_, err := api.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{StackName: &name, EnableTerminationProtection: &on})
	if err != nil {
		return fmt.Errorf("change termination protection of stack %s: %w", name, err)
	}
	return nil
}

// load reads the stage's file in folder, or the embedded one.
func load(name, folder string) (config.Config, error) {
	var files config.Files
	if folder != "" {
		files = config.Folder(folder)
	}
	cfg, err := files.Load(name)
	if err != nil {
		return cfg, exit.Usage("%w", err)
	}
	return cfg, nil
}

// absolute is folder, or that of the project if it is "".
func absolute(folder, project string) (string, error) {
	if folder == "" {
		folder = filepath.Join(project, "stages")
		if _, err := os.Stat(folder); err != nil {
			return "", nil //nolint:nilerr // a checkout of ephemr: the embedded files
		}
	}
	if _, err := os.Stat(folder); err != nil {
		return "", exit.Usage("--stages: %w", err)
	}
	return filepath.Abs(folder) //nolint:wrapcheck // only fails without a working directory
}
