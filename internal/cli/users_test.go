package cli_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/events"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/show"
	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// withUsers adds the users etl, allowed for all senders, and root, allowed for
// none.
func (w *world) withUsers() {
	w.t.Helper()
	w.settings.Access = stage.Access{Users: []string{"etl", "root"}}
	for name, value := range map[string]string{
		"etl":  `{"role": "arn:aws:iam::000000000000:role/ephemr-dev-user-etl", "team": "data", "callers": ["*"]}`,
		"root": `{"role": "arn:aws:iam::000000000000:role/ephemr-dev-user-root", "team": "data"}`,
	} {
		_, err := w.ssm.PutParameter(w.t.Context(), &ssm.PutParameterInput{Name: aws.String(stage.UserParameter("dev", name)), Value: &value})
		w.no(err)
	}
}

// -u is the user that the job runs as if the stage has users, and a label
// otherwise.
func TestSubmitAsUser(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		users, given   bool
		user           string
		wants, got     string // the user in the request, and of the run
		state          run.State
		pipeline, team string
	}{
		"a user":                     {true, true, "etl", "etl", "etl", run.Queued, "adhoc-etl", "data"},
		"a user that it may not be":  {true, true, "root", "root", "", run.Rejected, "adhoc-root", ""},
		"no user of the stage":       {true, true, "ann@example.com", "ann@example.com", "", run.Rejected, "adhoc-ann", ""},
		"nothing":                    {true, false, "ann", "", "etl", run.Queued, "adhoc-ann", "data"},
		"a label":                    {false, true, "etl", "", "", run.Queued, "adhoc-etl", ""},
		"nothing, and without users": {false, false, "ann", "", "", run.Queued, "adhoc-ann", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, o := newWorld(t), hiveJob(t)
			if tt.users {
				w.withUsers()
			}
			o.User, o.AsUser, o.Detach = tt.user, tt.given, true
			w.no(w.submits(t.Context(), o))
			var q events.Request
			w.no(json.Unmarshal([]byte(aws.ToString(w.sqs.Messages(requests)[0].MessageBody)), &q))
			if q.User != tt.wants {
				t.Errorf("asked for %q, want %q", q.User, tt.wants)
			}
			r := w.arrived()
			if r.State != tt.state || r.User != tt.got || r.Team != tt.team || r.Pipeline != tt.pipeline {
				t.Errorf("%s is %s as %q of %q: %s", r.Pipeline, r.State, r.User, r.Team, r.Reason)
			}
		})
	}
}

// A rejection is shown at once with its reason, and the record has the sender.
func TestSubmitRejectedUser(t *testing.T) {
	t.Parallel()
	o := hiveJob(t)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.withUsers()
		o.User, o.AsUser = "root", true
		var r run.Run
		go func() {
			time.Sleep(time.Second + between)
			r = w.arrived()
		}()
		if err := w.submits(t.Context(), o); exit.CodeOf(err) != exit.CodeUsage {
			t.Errorf("got %v, exit code %d, want 2", err, exit.CodeOf(err))
		}
		synctest.Wait() // for r
		contains(t, w.err.String(), "REJECTED", "permission", `sender "AIDAUSER" may not run as user "root"; it may run as etl`)
		if r.Class != job.ClassPermission || r.Trigger.Sender != "AIDAUSER" {
			t.Errorf("%s by %q", r.Class, r.Trigger.Sender)
		}
	})
}

func TestShowUser(t *testing.T) {
	t.Parallel()
	w, o := newWorld(t), hiveJob(t)
	w.withUsers()
	o.AsUser, o.Detach = true, true
	w.no(w.submits(t.Context(), o))
	r := w.arrived()
	w.no(show.Run(t.Context(), show.Options{RunID: r.ID}, w.io, w.runs))
	contains(t, w.out.String(), "user       etl of team data\n")
	text := len(w.out.String())
	w.no(show.Run(t.Context(), show.Options{RunID: r.ID, JSON: true}, w.io, w.runs))
	var rec struct{ Run run.Run }
	w.no(json.Unmarshal([]byte(w.out.String()[text:]), &rec))
	if rec.Run.User != "etl" || rec.Run.Role != "arn:aws:iam::000000000000:role/ephemr-dev-user-etl" {
		t.Errorf("got %+v", rec.Run)
	}
}
