package pipeline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
)

const withSecrets = `
pipeline: demo
cluster: {profile: small}
params: {country: {default: pt}}
jobs:
  - name: a
    type: bash
    source: a
    secrets: {PASSWORD: "{{.Vars.secret}}#{{.Params.country}}", KEY: {secret: "ssm:/key", as: file}}
  - {name: b, type: bash, source: b, needs: [a], secrets: {LATER: '{{output "a" "name"}}'}}
  - {name: c, type: bash, source: c, if: '{{eq .Params.country "es"}}', secrets: {NEVER: never}}
`

func TestSecretsAreFilledIn(t *testing.T) {
	t.Parallel()
	spec, err := pipeline.Parse("p.yaml", []byte(withSecrets))
	if err != nil {
		t.Fatal(err)
	}
	c := pipeline.Context{Vars: map[string]string{"secret": "stores/db"}, Params: map[string]string{"country": "pt"}}
	j, err := spec.RenderJob("a", c)
	want := map[string]pipeline.Secret{"PASSWORD": {Secret: "stores/db#pt"}, "KEY": {Secret: "ssm:/key", As: job.AsFile}} //nolint:gosec // of tests
	if diff := cmp.Diff(want, j.Secrets); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if spec.Jobs[0].Secrets["PASSWORD"].Secret == "stores/db#pt" {
		t.Error("the pipeline was changed")
	}
	uses := spec.SecretUses(c)
	known := []pipeline.SecretUse{
		{Job: "a", Variable: "KEY", Ref: job.SecretRef{Store: job.ParameterStore, Name: "/key"}},
		{Job: "a", Variable: "PASSWORD", Ref: job.SecretRef{Store: job.SecretsManager, Name: "stores/db", Key: "pt"}},
		{Job: "b", Variable: "LATER", Late: true},
	}
	if diff := cmp.Diff(known, uses); diff != "" {
		t.Error(diff)
	}
}

func TestWrongSecretsBeforeTheRun(t *testing.T) {
	t.Parallel()
	spec, err := pipeline.Parse("p.yaml", []byte(withSecrets))
	if err != nil {
		t.Fatal(err)
	}
	c := pipeline.Context{Vars: map[string]string{"secret": "two words"}, Params: map[string]string{"country": "pt"}}
	want := `pipeline demo: render jobs[a].secrets.PASSWORD.secret: "two words#pt" is not the name of a secret`
	for name, err := range map[string]error{"CheckValues": spec.CheckValues(c), "RenderJob": renderA(spec, c)} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := spec.CheckValues(pipeline.Context{Params: c.Params}); err == nil || !strings.Contains(err.Error(), "jobs[a].secrets.PASSWORD.secret") {
		t.Error(err)
	}
}

func renderA(s pipeline.Spec, c pipeline.Context) error {
	_, err := s.RenderJob("a", c)
	return err
}
