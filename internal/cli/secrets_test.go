package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ephemr/internal/access"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/secrets"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/secretcheck"
)

// simulator is IAM for a caller who may simulate, or not.
type simulator struct {
	refused bool
	denied  string // part of an ARN
	asked   []string
}

func (s *simulator) SimulatePrincipalPolicy(_ context.Context, in *iam.SimulatePrincipalPolicyInput, _ ...func(*iam.Options)) (*iam.SimulatePrincipalPolicyOutput, error) {
	if s.refused {
		return nil, awsfake.Denied("iam:SimulatePrincipalPolicy")
	}
	s.asked = append(s.asked, *in.PolicySourceArn+" "+in.ActionNames[0]+" "+in.ResourceArns[0])
	decision := iamtypes.PolicyEvaluationDecisionTypeAllowed
	if s.denied != "" && strings.Contains(in.ResourceArns[0], s.denied) {
		decision = iamtypes.PolicyEvaluationDecisionTypeImplicitDeny
	}
	return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: []iamtypes.EvaluationResult{{EvalActionName: &in.ActionNames[0], EvalDecision: decision}}}, nil
}

type policy access.Policy

func (p policy) Policy(context.Context) (access.Policy, error) { return access.Policy(p), nil }

const withSecrets = `
pipeline: demo
cluster: {profile: small}
params: {country: {allowed: [pt, es]}}
matrix: {country: [pt, es]}
jobs:
  - {name: a, type: bash, source: a, secrets: {P: "stores/{{.Params.country}}#password", T: "ssm:/stores/token"}}
  - {name: b, type: bash, source: b, needs: [a], secrets: {LATE: '{{output "a" "name"}}'}}
`

func TestSecretsCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		patterns []string
		iam      simulator
		exists   []string
		params   []string
		code     int
		want     []string
	}{
		"fine": {
			[]string{"stores/*", "ssm:/stores/*"},
			simulator{},
			[]string{"stores/pt", "stores/es"},
			nil, 0,
			[]string{"stores/pt#password yes yes", "stores/es#password yes yes", "ssm:/stores/token yes yes", "LATE unknown unknown its name depends on the output of another job"},
		},
		"missing":         {[]string{"stores/*", "ssm:/stores/*"}, simulator{}, []string{"stores/pt"}, nil, 1, []string{"stores/es#password no yes does not exist;"}},
		"one combination": {[]string{"stores/*", "ssm:/stores/*"}, simulator{}, []string{"stores/pt"}, []string{"country=pt"}, 0, []string{"stores/pt#password yes yes"}},
		"not in the file": {[]string{"stores/*"}, simulator{}, []string{"stores/pt", "stores/es"}, nil, 1, []string{"ssm:/stores/token yes no may not be read by user etl; add it to access.users.etl.secrets"}},
		"denied by IAM": {
			[]string{"stores/*", "ssm:/stores/*"},
			simulator{denied: "stores/es"},
			[]string{"stores/pt", "stores/es"},
			nil, 1,
			[]string{"stores/es#password yes no may not be read by arn:aws:iam::123456789012:role/etl, although"},
		},
		"not simulated": {[]string{"stores/*", "ssm:/stores/*"}, simulator{refused: true}, []string{"stores/pt", "stores/es"}, nil, 0, []string{"stores/es#password yes yes"}},
		"wrong param":   {nil, simulator{}, nil, []string{"country=fr"}, 2, nil},
		"no param":      {nil, simulator{}, nil, []string{"country"}, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			spec, err := pipeline.Parse("p.yaml", []byte(withSecrets))
			w.no(err)
			_, _, err = w.pipelines.Add(t.Context(), spec, "1", time.Now())
			w.no(err)
			manager, parameters := awsfake.NewSecretsManager(), awsfake.NewSSM(nil)
			for _, s := range tt.exists {
				manager.Create(s)
			}
			_, err = parameters.PutParameter(t.Context(), &ssm.PutParameterInput{Name: new("/stores/token"), Value: new("x"), Type: ssmtypes.ParameterTypeSecureString})
			w.no(err)
			c := secrets.Clients{
				Pipelines: w.pipelines, IAM: &tt.iam,
				Users:   policy{Users: map[string]access.User{"etl": {Name: "etl", Role: "arn:aws:iam::123456789012:role/etl", Pipelines: []string{"demo"}, Secrets: tt.patterns}}},
				Checker: &secretcheck.Checker{Secrets: manager, Parameters: parameters, Place: access.Place{Account: "123456789012", Region: "us-east-1"}},
			}
			o := secrets.Options{Pipeline: "demo", Params: tt.params}
			err = secrets.Check(t.Context(), o, w.io, w.settings, c)
			got := strings.Join(strings.Fields(w.out.String()), " ")
			if code := exit.CodeOf(err); code != tt.code {
				t.Errorf("exit %d: %v\n%s", code, err, w.out.String())
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, w.out.String())
				}
			}
			w.out, o.JSON = buffer{}, true
			_ = secrets.Check(t.Context(), o, w.io, w.settings, c)
			var found []map[string]string
			if err := json.Unmarshal([]byte(w.out.String()), &found); tt.code < 2 && (err != nil || len(found) < 3 || found[0]["key"] != "password" || found[0]["role"] == "") {
				t.Errorf("%v: %s", err, w.out.String())
			}
		})
	}
}

func TestSecretsOfUnknownPipelines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := secrets.Check(t.Context(), secrets.Options{Pipeline: "nothing"}, w.io, w.settings, secrets.Clients{Pipelines: w.pipelines})
	if exit.CodeOf(err) != exit.CodeUsage || !strings.Contains(err.Error(), `there is no pipeline "nothing"`) {
		t.Error(err)
	}
}
