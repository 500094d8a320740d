package intake_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/access"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// What a request asks for is bounded by the configuration for its sender's team,
// whatever the request says.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	const ann, eve = "AIDAANNANNANNANNANNAN", "AIDAEVEEVEEVEEVEEVEEV"
	adhoc := func(lines string) string {
		spec := simulation.SpecOf("pipeline: adhoc\nowner: boss@example.com\nteam: data\n" + lines + jobs)
		return fmt.Sprintf(`{"requestId": "1", "spec": %s}`, spec)
	}
	for name, tt := range map[string]struct {
		sender, body, reason, owner string
		priority, active            int
		deadline                    time.Duration
	}{
		"as its team may":      {sender: ann, body: adhoc("priority: 5\nlimits: {maxActive: 8, deadline: 6h}\n"), owner: "data@example.com", priority: 5, active: 8, deadline: 6 * time.Hour},
		"says nothing":         {sender: ann, body: adhoc(""), owner: "data@example.com", active: 5, deadline: 2 * time.Hour},
		"another team's slots": {sender: eve, body: adhoc("limits: {maxActive: 8}\n"), reason: "limits.maxActive 8 is more than the 5 that requests of team science may have"},
		"another team's time":  {sender: eve, body: adhoc("limits: {deadline: 6h}\n"), reason: "limits.deadline 6h0m0s is more than the 2h0m0s that requests of team science may have"},
		"priority of a spec":   {sender: eve, body: adhoc("priority: 4\n"), reason: "priority 4 is more than the 3 that requests of team science may have"},
		"priority in a key":    {sender: eve, body: `{"requestId": "1", "pipeline": "one", "priority": 4}`, reason: "priority 4 is more than the 3"},
		"lower priority":       {sender: eve, body: `{"requestId": "1", "pipeline": "one", "priority": 3}`, priority: 3, deadline: 0},
		"owner":                {sender: eve, body: adhoc(""), owner: eve, active: 5, deadline: 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(simulation.Config{NoTicks: true, Users: map[string]access.User{
					"etl":    {Name: "etl", Role: "arn:aws:iam::000000000000:role/etl", Team: "data", Callers: []string{ann}},
					"reader": {Name: "reader", Role: "arn:aws:iam::000000000000:role/reader", Team: "science", Callers: []string{eve}, Pipelines: []string{"one"}},
				}, Settings: func(s *stage.Settings) {
					s.Limits.Requests = stage.Requests{
						"default": {MaxPriority: new(3)},
						"data":    {MaxActive: 8, MaxDeadline: pipeline.Duration(6 * time.Hour), Owner: "data@example.com"},
					}
				}})
				defer w.Close()
				w.Apply(one)
				w.DeliverFrom(tt.sender, "requests", tt.body)
				all := runs(w)
				if len(all) != 1 {
					t.Fatalf("runs %v", all)
				}
				r := all[0]
				if tt.reason != "" {
					refused(t, r, tt.reason)
					return
				}
				if r.State.Final() || r.Owner != tt.owner || r.Priority != tt.priority || r.MaxActive != tt.active || r.MaxDuration != tt.deadline {
					t.Errorf("%s %s, owner %q, priority %d, at most %d, deadline %s", r.State, r.Reason, r.Owner, r.Priority, r.MaxActive, r.MaxDuration)
				}
			})
		})
	}
}

func refused(t *testing.T, r run.Run, reason string) {
	t.Helper()
	if r.State != run.Rejected || r.Class != job.ClassPermission || !strings.Contains(r.Reason, reason) {
		t.Errorf("%s (%s): %s", r.State, r.Class, r.Reason)
	}
}
