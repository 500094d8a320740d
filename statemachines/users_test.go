package statemachines_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/events"
	"ephemr/internal/access"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

const (
	ann = "AIDAANNANNANNANNANNAN"
	eve = "AIDAEVEEVEEVEEVEEVEEV"
)

// users are etl, who has the pipelines fork and one, and whom ann may ask for;
// and reader, whom everybody may be.
func users() map[string]access.User {
	return map[string]access.User{
		"etl": {
			Role: "arn:aws:iam::123456789012:role/test-user-etl", Team: "data", Callers: []string{ann}, Pipelines: []string{"fork", "one"},
		},
		"reader": {Role: "arn:aws:iam::123456789012:role/test-user-reader", Team: "science", Callers: []string{"*"}},
	}
}

// inStage runs f on a stage with users.
func inStage(t *testing.T, c simulation.Config, f func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c.Users = users()
		w := simulation.New(c)
		defer w.Close()
		for _, p := range []string{one, fork, join} {
			w.Apply(p)
		}
		f(t, w)
	})
}

// only returns the one run that there is.
func only(t *testing.T, w *simulation.World) *run.Record {
	t.Helper()
	time.Sleep(time.Minute)
	ids := w.RunIDs()
	if len(ids) != 1 {
		t.Fatalf("runs %v, want one", ids)
	}
	return w.Record(ids[0])
}

const own = "pipeline: mine\nteam: somebody-elses\n" + onSmall + "jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b, needs: [a]}]"

// Who sent a request decides whom it runs as and whose limits it counts
// against, whatever it says itself.
func TestSenderDecides(t *testing.T) {
	t.Parallel()
	spec := `"spec":` + string(simulation.SpecOf(own))
	for name, tt := range map[string]struct {
		sender, body string
		user, team   string
		reason       string // of a refusal
	}{
		"as who it may be":               {ann, `{"requestId":"1","user":"etl",` + spec + `}`, "etl", "data", ""},
		"as who everybody may be":        {eve, `{"requestId":"1","user":"reader",` + spec + `}`, "reader", "science", ""},
		"as the only one":                {eve, `{"requestId":"1",` + spec + `}`, "reader", "science", ""},
		"as one of two":                  {ann, `{"requestId":"1",` + spec + `}`, "", "", "it may run as etl, reader"},
		"as another user":                {eve, `{"requestId":"1","user":"etl",` + spec + `}`, "", "", `may not run as user "etl"`},
		"as an unknown user":             {eve, `{"requestId":"1","user":"root",` + spec + `}`, "", "", `may not run as user "root"`},
		"a sender of its own":            {eve, `{"requestId":"1","user":"etl","sender":"` + ann + `",` + spec + `}`, "", "", `sender: unknown key`},
		"a pipeline of its user":         {ann, `{"requestId":"1","pipeline":"fork"}`, "etl", "data", ""},
		"a pipeline of another":          {eve, `{"requestId":"1","pipeline":"fork"}`, "", "", "may not request runs of pipeline fork"},
		"a pipeline as another":          {ann, `{"requestId":"1","pipeline":"fork","user":"reader"}`, "", "", "runs as user etl"},
		"a pipeline without a user":      {eve, `{"requestId":"1","pipeline":"join"}`, "", "", ""},
		"a name that runs as etl, alone": {eve, `{"requestId":"1","pipeline":"fork",` + spec + `}`, "reader", "science", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inStage(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				w.DeliverFrom(tt.sender, "requests", tt.body)
				rec := only(t, w)
				r := rec.Run
				if tt.reason != "" {
					refused(t, w, r, tt.sender, tt.reason)
					return
				}
				if r.State == run.Rejected || r.User != tt.user || r.Team != tt.team || r.Trigger.Sender != tt.sender {
					t.Fatalf("%s as %q of team %q by %q: %s", r.State, r.User, r.Team, r.Trigger.Sender, r.Reason)
				}
				if r = w.Wait(r.ID).Run; r.State != run.Succeeded {
					t.Fatalf("%s %s: %s", r.State, r.Class, r.Reason)
				}
				ranAs(t, w, r)
			})
		})
	}
}

// refused holds that r is recorded as a refusal, and its message put aside.
func refused(t *testing.T, w *simulation.World, r run.Run, sender, reason string) {
	t.Helper()
	want := job.ClassPermission
	if strings.HasPrefix(r.Reason, "read request") {
		want = job.ClassInvalid
	}
	if r.State != run.Rejected || r.Class != want || !strings.Contains(r.Reason, reason) || r.Trigger.Sender != sender || r.Role != "" {
		t.Errorf("%s %s by %s: %q", r.State, r.Class, r.Trigger.Sender, r.Reason)
	}
	dead := w.SQS.Messages(w.Settings.RequestsDLQ)
	if len(dead) != 1 || *dead[0].MessageAttributes["runId"].StringValue != r.ID {
		t.Errorf("%d messages in the dead-letter queue", len(dead))
	}
}

// ranAs holds that every step of r had its user's role, and that what its
// runners were given wrong instructions where no other user can write.
func ranAs(t *testing.T, w *simulation.World, r run.Run) {
	t.Helper()
	for _, c := range w.EMR.Clusters() {
		if secured := *c.SecurityConfiguration == "users"; secured != (r.User != "") {
			t.Errorf("cluster of user %q asks for roles: %t", r.User, secured)
		}
		if got, want := *c.Ec2InstanceAttributes.IamInstanceProfile, w.Settings.InstancesOf(r.User != ""); got != want {
			t.Errorf("cluster of user %q has instance profile %s, want %s", r.User, got, want)
		}
		for _, s := range w.EMR.Steps(*c.Id) {
			role := ""
			if s.ExecutionRoleArn != nil {
				role = *s.ExecutionRoleArn
			}
			if role != r.Role {
				t.Errorf("step %s has role %q, want %q", *s.Name, role, r.Role)
			}
		}
	}
	prefix := "runs/"
	if r.User != "" {
		prefix = "users/" + r.User + "/runs/"
	}
	keys := slices.DeleteFunc(w.S3.Keys(w.Settings.LogsBucket), func(k string) bool { return strings.HasPrefix(k, stage.LineagePrefix) }) // no job may read or write those
	if len(keys) == 0 {
		t.Error("nothing was kept")
	}
	for _, k := range keys {
		if !strings.HasPrefix(k, prefix+r.ID+"/") {
			t.Errorf("%s is not below %s", k, prefix)
		}
	}
}

// Whatever triggers a pipeline, it runs as the user who has it.
func TestTriggersRunAsTheUser(t *testing.T) {
	t.Parallel()
	for name, trigger := range map[string]func(w *simulation.World){
		"schedule": func(w *simulation.World) { w.Tick("one", time.Now()) },
		"by hand":  func(w *simulation.World) { w.Start("mine", `{"pipeline":"one"}`) },
		"upload":   func(w *simulation.World) { w.Upload("in/a.csv") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inStage(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				trigger(w)
				time.Sleep(time.Minute)
				for _, id := range w.RunIDs() {
					r := w.Wait(id).Run
					want := map[string]string{"one": "etl", "fork": "etl", "join": ""}[r.Pipeline]
					if r.State != run.Succeeded || r.User != want {
						t.Errorf("%s is %s as %q, want %q", r.Pipeline, r.State, r.User, want)
					}
				}
			})
		})
	}
}

// Where a user is needed, pipelines without one do not run, and their triggers
// are reported.
func TestUserRequired(t *testing.T) {
	t.Parallel()
	inStage(t, simulation.Config{UserRequired: true}, func(t *testing.T, w *simulation.World) {
		w.Tick("join", time.Now())
		w.Start("mine", `{"pipeline":"join"}`)
		w.Upload("in/a.csv")
		time.Sleep(time.Hour)
		states := map[run.State]int{}
		for _, id := range w.RunIDs() {
			r := w.Record(id).Run
			states[r.State]++
			if (r.Pipeline == "join") != (r.State == run.Rejected) || r.State == run.Rejected && r.Class != job.ClassPermission {
				t.Errorf("%s by %s is %s %s: %s", r.Pipeline, r.Trigger.Kind, r.State, r.Class, r.Reason)
			}
		}
		if states[run.Rejected] != 3 || states[run.Succeeded] != 2 {
			t.Errorf("%v", states)
		}
	})
}

// A team that a request writes into its own pipeline would take the room of
// others, with users or without.
func TestTeamsCannotBeClaimed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{})
		defer w.Close()
		w.Request(events.Request{RequestID: "1", Pipeline: "x", Spec: simulation.SpecOf(own)})
		if r := only(t, w).Run; r.Team != "" || r.State == run.Rejected {
			t.Errorf("%s of team %q: %s", r.State, r.Team, r.Reason)
		}
	})
}

// While users cannot be read, or one is missing, requests wait: without a user
// they would have more rights.
func TestUsersUnknown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Users: users()})
		defer w.Close()
		w.Apply(one)
		w.SSM.FailNext("GetParametersByPath", errors.New("connection reset by peer"))
		w.DeliverFrom(ann, "requests", `{"requestId":"1","pipeline":"one"}`)
		time.Sleep(time.Minute)
		if ids := w.RunIDs(); len(ids) > 0 {
			t.Fatalf("runs %v", ids)
		}
		time.Sleep(10 * time.Minute)
		if r := only(t, w).Run; r.User != "etl" {
			t.Errorf("%s as %q", r.State, r.User)
		}
	})
}

// A cluster whose profile brings its own security configuration keeps it.
func TestOwnSecurityConfiguration(t *testing.T) {
	t.Parallel()
	c := simulation.Config{}
	inStage(t, c, func(t *testing.T, w *simulation.World) {
		w.Parameter("/ephemr/test/profiles/small", `{"release":"emr-7.14.0","idleTimeout":"1h","primary":{"types":["m5.xlarge"],"onDemand":1},"securityConfiguration":"ours"}`)
		w.DeliverFrom(ann, "requests", `{"requestId":"1","pipeline":"one"}`)
		r := w.Wait(only(t, w).Run.ID).Run
		clusters := w.EMR.Clusters()
		if r.State != run.Succeeded || len(clusters) != 1 || *clusters[0].SecurityConfiguration != "ours" {
			t.Errorf("%s: %s", r.State, r.Reason)
		}
	})
}

// Users of one team do not share machines: what a job leaves there, or has in
// memory, is its user's.
func TestPoolsAreTheUsers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := simulation.Config{NoTicks: true, Users: map[string]access.User{}}
		for _, name := range []string{"ann", "bob"} {
			c.Users[name] = access.User{Role: "arn:aws:iam::123456789012:role/" + name, Team: "data", Callers: []string{"*"}}
		}
		w := simulation.New(c)
		defer w.Close()
		spec := string(simulation.SpecOf(pooled("p", nightly, "")))
		var clusters []string
		for i, user := range []string{"ann", "bob", "ann"} {
			before := w.RunIDs()
			w.DeliverFrom(eve, "requests", fmt.Sprintf(`{"requestId":"%d","user":%q,"spec":%s}`, i, user, spec))
			ids := slices.DeleteFunc(w.RunIDs(), func(id string) bool { return slices.Contains(before, id) })
			clusters = append(clusters, succeeded(t, w, ids...)...)
		}
		if clusters[0] == clusters[1] || clusters[0] != clusters[2] {
			t.Errorf("ann, bob and ann again ran on %v", clusters)
		}
	})
}
