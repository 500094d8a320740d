// Package secretcheck finds out, without reading a secret, whether the jobs of a run will
// be able to: whether it exists, and whether the stage's file lets their role read it.
package secretcheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"golang.org/x/sync/errgroup"

	"ephemr/internal/access"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

// SecretsAPI is what is needed of Secrets Manager.
type SecretsAPI interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
}

// ParametersAPI is what is needed of the SSM Parameter Store.
type ParametersAPI interface {
	DescribeParameters(context.Context, *ssm.DescribeParametersInput, ...func(*ssm.Options)) (*ssm.DescribeParametersOutput, error)
}

// Checker looks for secrets.
type Checker struct {
	Secrets    SecretsAPI
	Parameters ParametersAPI
	Place      access.Place // of the roles of jobs
}

// Reader is whose jobs are to read secrets.
type Reader struct {
	User     string   // "" = none: the role is that of the clusters' instances
	Patterns []string // of the secrets that the stage's file lets it read
}

// State is what is known of a secret.
type State struct {
	Exists  Answer
	ARN     string // if it is known
	Problem string // why its value cannot be used: what follows "secret X ", and what to do
}

// Answer to a question about a secret.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

const atOnce = 8 // calls

// Look finds out about refs, each in one call.
func (c *Checker) Look(ctx context.Context, refs map[string]job.SecretRef) map[string]State {
	var (
		mu     sync.Mutex
		states = map[string]State{}
		all    errgroup.Group
	)
	all.SetLimit(atOnce)
	for name, ref := range refs {
		all.Go(func() error {
			state := c.look(ctx, ref)
			mu.Lock()
			defer mu.Unlock()
			states[name] = state
			return nil
		})
	}
	_ = all.Wait() // no call returns an error
	return states
}

func (c *Checker) look(ctx context.Context, ref job.SecretRef) State {
	look := c.secret
	if ref.Store == job.ParameterStore {
		look = c.parameter
	}
	state, err := look(ctx, ref)
	if err != nil { // the runner will find out
		slog.WarnContext(ctx, "cannot look for a secret", "secret", ref.String(), "error", err.Error())
		return State{Exists: Unknown, Problem: "could not be looked for: " + fault.Code(err)}
	}
	return state
}

const missing = "does not exist; create it, or correct the name in the pipeline"

func (c *Checker) secret(ctx context.Context, ref job.SecretRef) (State, error) {
	id := ref.Name
	if ref.ARN != "" {
		id = ref.ARN
	}
	out, err := c.Secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &id}, func(o *secretsmanager.Options) {
		if ref.Region != "" {
			o.Region = ref.Region
		}
	})
	switch {
	case fault.Code(err) == "ResourceNotFoundException":
		return State{Exists: No, Problem: missing}, nil
	case err != nil:
		return State{}, err
	case out.DeletedDate != nil:
		return State{Exists: No, ARN: aws.ToString(out.ARN), Problem: "is scheduled for deletion; restore it"}, nil
	}
	return State{Exists: Yes, ARN: aws.ToString(out.ARN)}, nil
}

// parameter asks for the parameter of that name: the call lists parameters of its own
// account only.
func (c *Checker) parameter(ctx context.Context, ref job.SecretRef) (State, error) {
	if c.Place.Of(ref) != c.Place {
		return State{Exists: Unknown, ARN: ref.ARN, Problem: "is in another account or Region, where it is not looked for"}, nil
	}
	out, err := c.Parameters.DescribeParameters(ctx, &ssm.DescribeParametersInput{ParameterFilters: []types.ParameterStringFilter{
		{Key: aws.String("Name"), Option: aws.String("Equals"), Values: []string{ref.Name}},
	}})
	switch {
	case err != nil:
		return State{}, err
	case len(out.Parameters) == 0:
		return State{Exists: No, Problem: missing}, nil
	}
	p := out.Parameters[0]
	state := State{Exists: Yes, ARN: aws.ToString(p.ARN)}
	if p.Type != types.ParameterTypeSecureString {
		state.Problem = fmt.Sprintf("is a parameter of type %s, which is not encrypted; store it as a SecureString", p.Type)
	}
	return state, nil
}

// Refuse returns why a run cannot have its secrets, before it has a cluster: fault.Permission
// for those that its jobs may not read, or else fault.InvalidInput. What cannot be known
// is left to the runner.
func (c *Checker) Refuse(ctx context.Context, uses []pipeline.SecretUse, reader Reader) error {
	refs := map[string]job.SecretRef{}
	var denied, wrong []error
	for _, use := range uses {
		switch {
		case use.Late || use.Err != nil:
		case !access.MayRead(reader.Patterns, use.Ref, c.Place):
			denied = append(denied, fmt.Errorf("%s %s", describe(use), reader.Denied()))
		default:
			refs[use.Ref.String()] = use.Ref
		}
	}
	if len(denied) > 0 {
		return fault.New(fault.Permission, "%w", errors.Join(denied...))
	}
	states := c.Look(ctx, refs)
	for _, use := range uses {
		if s := states[use.Ref.String()]; s.Problem != "" && s.Exists != Unknown {
			wrong = append(wrong, fmt.Errorf("%s %s", describe(use), s.Problem))
		}
	}
	if len(wrong) > 0 {
		return fault.New(fault.InvalidInput, "%w", errors.Join(wrong...))
	}
	return nil
}

func describe(use pipeline.SecretUse) string {
	return fmt.Sprintf("job %s: secret %s: %s of %s", use.Job, use.Variable, use.Ref, use.Ref.Store)
}

// Denied says why the stage's file does not let r read a secret, and what to do.
func (r Reader) Denied() string {
	if r.User == "" {
		return "may not be read by jobs without a user; add it to secrets in the stage's file, and deploy"
	}
	return fmt.Sprintf("may not be read by user %s; add it to access.users.%s.secrets in the stage's file, and deploy", r.User, r.User)
}
