package secrets

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"ephemr/internal/access"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/secretcheck"
	"ephemr/internal/stage"
)

// Options of ephemr secrets check.
type Options struct {
	Pipeline string
	Params   []string
	JSON     bool
}

// SimulateAPI evaluates the policies of a role.
type SimulateAPI interface {
	SimulatePrincipalPolicy(context.Context, *iam.SimulatePrincipalPolicyInput, ...func(*iam.Options)) (*iam.SimulatePrincipalPolicyOutput, error)
}

// Clients of ephemr secrets check.
type Clients struct {
	Pipelines interface {
		Current(ctx context.Context, name string) (*register.Version, error)
	}
	Users interface {
		Policy(ctx context.Context) (access.Policy, error)
	}
	IAM     SimulateAPI
	Checker *secretcheck.Checker
}

// finding is what is known of a secret of a job.
type finding struct {
	Job      string             `json:"job"`
	Variable string             `json:"variable"`
	Secret   string             `json:"secret"`
	Store    string             `json:"store"`
	Key      string             `json:"key,omitempty"` // of a JSON object; not checked
	Exists   secretcheck.Answer `json:"exists"`
	Readable secretcheck.Answer `json:"readable"`
	Decided  string             `json:"decidedBy,omitempty"` // the readable
	Role     string             `json:"role,omitempty"`
	Problem  string             `json:"problem,omitempty"`
}

// The sources of what is readable.
const (
	byFile = "stage file"
	byIAM  = "iam"
)

// Check prints what is known of the secrets of a pipeline.
func Check(ctx context.Context, o Options, out *terminal.IO, s stage.Settings, c Clients) error {
	v, err := c.Pipelines.Current(ctx, o.Pipeline)
	if err != nil {
		return err
	}
	if v == nil {
		return exit.Usage("there is no pipeline %q; ephemr pipelines lists them", o.Pipeline)
	}
	uses, err := usesOf(&v.Spec, o.Params, s)
	if err != nil {
		return err
	}
	reader, role, err := readerOf(ctx, c, v.Spec.Name, s)
	if err != nil {
		return err
	}
	found := c.findings(ctx, uses, reader, role)
	if err := show(out, found, o); err != nil {
		return err
	}
	if slices.ContainsFunc(found, func(f finding) bool {
		return f.Exists == secretcheck.No || f.Readable == secretcheck.No || f.Problem != "" && f.Exists == secretcheck.Yes
	}) {
		return exit.Silent(exit.CodeFailed)
	}
	return nil
}

// usesOf returns the secrets of all runs that would be requested now, each once.
func usesOf(spec *pipeline.Spec, given []string, s stage.Settings) (all []pipeline.SecretUse, err error) {
	params := map[string]string{}
	for _, p := range given {
		key, value, ok := strings.Cut(p, "=")
		if !ok {
			return nil, exit.Usage("--param %q is not key=value", p)
		}
		params[key] = value
	}
	combinations, err := spec.Matrix.Combinations(params)
	if err != nil {
		return nil, exit.Usage("%w", err)
	}
	now := time.Now().UTC()
	occasion := spec.OccasionOf(now, false)
	early := occasion.Context(now)
	early.Vars = s.Vars
	for _, matrix := range combinations {
		values, err := spec.ResolveParams(run.With(params, matrix), early)
		if err != nil {
			return nil, exit.Usage("%w; set it with --param", err)
		}
		shown, hidden := spec.Conceal(values)
		rec := run.Record{Spec: spec, Run: run.Run{Pipeline: spec.Name, LogicalTime: now, LogicalDate: occasion.Date, Timezone: occasion.Zone, Params: shown, Secrets: hidden}}
		for _, use := range spec.SecretUses(rec.Context(s)) {
			if !slices.ContainsFunc(all, func(u pipeline.SecretUse) bool {
				return u.Job == use.Job && u.Variable == use.Variable && u.Ref == use.Ref
			}) {
				all = append(all, use)
			}
		}
	}
	return all, nil
}

// readerOf returns who reads the secrets of a pipeline, and the ARN of the role.
func readerOf(ctx context.Context, c Clients, name string, s stage.Settings) (secretcheck.Reader, string, error) {
	policy, err := c.Users.Policy(ctx)
	if err != nil {
		return secretcheck.Reader{}, "", err
	}
	grant, err := policy.Decide(access.Request{Pipeline: name})
	if err != nil {
		return secretcheck.Reader{}, "", exit.Usage("%w", err)
	}
	if grant.User == "" {
		return secretcheck.Reader{Patterns: s.Secrets}, "arn:aws:iam::" + s.Account + ":role/" + s.InstanceProfile, nil
	}
	return secretcheck.Reader{User: grant.User, Patterns: policy.Users[grant.User].Secrets}, grant.Role, nil
}

func (c Clients) findings(ctx context.Context, uses []pipeline.SecretUse, reader secretcheck.Reader, role string) []finding {
	refs := map[string]job.SecretRef{}
	for _, use := range uses {
		if !use.Late && use.Err == nil {
			refs[use.Ref.String()] = use.Ref
		}
	}
	states := c.Checker.Look(ctx, refs)
	found := make([]finding, 0, len(uses))
	for _, use := range uses {
		f := finding{Job: use.Job, Variable: use.Variable, Exists: secretcheck.Unknown, Readable: secretcheck.Unknown}
		switch {
		case use.Late:
			f.Problem = "its name depends on the output of another job"
		case use.Err != nil:
			f.Problem = use.Err.Error()
		default:
			f = c.finding(ctx, f, use.Ref, states[use.Ref.String()], reader, role)
		}
		found = append(found, f)
	}
	return found
}

func (c Clients) finding(ctx context.Context, f finding, ref job.SecretRef, state secretcheck.State, reader secretcheck.Reader, role string) finding {
	f.Secret, f.Store, f.Key, f.Role = ref.String(), string(ref.Store), ref.Key, role
	f.Exists, f.Problem = state.Exists, state.Problem
	f.Readable, f.Decided = secretcheck.Yes, byFile
	if !access.MayRead(reader.Patterns, ref, c.Checker.Place) {
		f.Readable, f.Problem = secretcheck.No, reader.Denied()
		return f
	}
	if state.ARN == "" {
		return f
	}
	allowed, err := c.simulate(ctx, ref, state.ARN, role)
	if err != nil {
		return f // not everybody may simulate
	}
	f.Decided = byIAM
	if !allowed {
		f.Readable, f.Problem = secretcheck.No, "may not be read by "+role+", although the stage's file says so; deploy the stage, and look for other policies of the role"
	}
	return f
}

// simulate asks IAM whether the role may read a secret.
func (c Clients) simulate(ctx context.Context, ref job.SecretRef, arn, role string) (allowed bool, err error) {
	action := "secretsmanager:GetSecretValue"
	if ref.Store == job.ParameterStore {
		action = "ssm:GetParameter"
	}
	out, err := c.IAM.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &role, ActionNames: []string{action}, ResourceArns: []string{arn}})
	if err != nil {
		return false, err
	}
	if len(out.EvaluationResults) == 0 {
		return false, fault.New(fault.Internal, "no result for %s", arn)
	}
	return out.EvaluationResults[0].EvalDecision == types.PolicyEvaluationDecisionTypeAllowed, nil
}

func show(out *terminal.IO, found []finding, o Options) error {
	if o.JSON {
		return out.JSON(found)
	}
	if len(found) == 0 {
		out.Notef("pipeline %s has no secrets\n", o.Pipeline)
		return nil
	}
	var rows [][]string
	for _, f := range found {
		name := f.Secret
		if f.Key != "" {
			name += "#" + f.Key
		}
		rows = append(rows, []string{f.Job, f.Variable, name, string(f.Exists), string(f.Readable), f.Problem})
	}
	out.Table([]string{"JOB", "VARIABLE", "SECRET", "EXISTS", "READABLE", "PROBLEM"}, rows)
	return nil
}
