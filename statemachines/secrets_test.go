package statemachines_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// A secret that is missing, or that the job's role may not read, costs no cluster.
func TestSecretsBeforeTheCluster(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		names  string // of the job
		user   bool
		deny   bool // PrepareRun may not look for secrets
		state  run.State
		class  job.Class
		reason string
	}{
		"there":             {names: "{A: stores/password#key, B: 'ssm:/stores/token'}", state: run.Succeeded},
		"there, for a user": {names: "{A: team/password}", user: true, state: run.Succeeded},
		"missing": {
			names: "{A: stores/nothing}", state: run.Failed, class: job.ClassInvalid,
			reason: "job a: secret A: stores/nothing of Secrets Manager does not exist; create it, or correct the name in the pipeline",
		},
		"missing parameter": {
			names: "{A: 'ssm:/stores/nothing'}", state: run.Failed, class: job.ClassInvalid,
			reason: "job a: secret A: ssm:/stores/nothing of SSM Parameter Store does not exist;",
		},
		"deleted": {
			names: "{A: stores/deleted}", state: run.Failed, class: job.ClassInvalid,
			reason: "job a: secret A: stores/deleted of Secrets Manager is scheduled for deletion; restore it",
		},
		"not encrypted": {
			names: "{A: 'ssm:/stores/plain'}", state: run.Failed, class: job.ClassInvalid,
			reason: "is a parameter of type String, which is not encrypted; store it as a SecureString",
		},
		"denied": {
			names: "{A: team/password}", state: run.Failed, class: job.ClassPermission,
			reason: "job a: secret A: team/password of Secrets Manager may not be read by jobs without a user; add it to secrets in the stage's file, and deploy",
		},
		"denied to a user": {
			names: "{A: stores/password, B: stores/nothing}", user: true, state: run.Failed, class: job.ClassPermission,
			reason: "may not be read by user etl; add it to access.users.etl.secrets in the stage's file, and deploy",
		},
		"unknown": {names: "{A: stores/nothing}", deny: true, state: run.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := simulation.Config{Settings: func(s *stage.Settings) { s.Secrets = []string{"stores/*", "ssm:/stores/*"} }}
			if tt.user {
				c.Users = users()
				etl := c.Users["etl"]
				etl.Secrets = []string{"team/password"}
				c.Users["etl"] = etl
			}
			inWorld(t, c, func(t *testing.T, w *simulation.World) {
				w.Secrets.Create("stores/password")
				w.Secrets.Create("team/password")
				w.Secrets.Delete("stores/deleted", time.Now())
				for name, kind := range map[string]ssmtypes.ParameterType{"/stores/token": ssmtypes.ParameterTypeSecureString, "/stores/plain": ssmtypes.ParameterTypeString} {
					if _, err := w.SSM.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: new("x"), Type: kind}); err != nil {
						t.Fatal(err)
					}
				}
				if tt.deny {
					w.Secrets.Use(&awsfake.Hooks{Before: func(string) error { return awsfake.Denied("DescribeSecret") }})
				}
				w.Apply("pipeline: one\n" + onSmall + "jobs: [{name: a, type: bash, source: a, secrets: " + tt.names + "}]")
				w.Upload("in/a.csv")
				time.Sleep(2 * time.Hour)
				rec := w.Record(w.RunIDs()[0])
				if rec.Run.State != tt.state || rec.Run.Class != tt.class || !strings.Contains(rec.Run.Reason, tt.reason) {
					t.Errorf("%s, class %q: %s", rec.Run.State, rec.Run.Class, rec.Run.Reason)
				}
				if made := w.Made(rec.Run.ID) > 0; made != (tt.state == run.Succeeded) {
					t.Errorf("made a cluster: %v", made)
				}
			})
		})
	}
}
