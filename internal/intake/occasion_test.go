package intake_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

const dated = `pipeline: dated
timezone: Europe/Lisbon
triggers: [{schedule: "30 0 * * *"}]
params: {day: {default: "{{.LogicalDate | addDays -1}}"}, from: {default: '{{.Interval.LocalStart | format "dateTime"}}'}, secret: {default: "{{.Vars.secret}}"}}
cluster: {profile: small}
jobs: [{name: a, type: bash, source: a, args: ["{{.Interval.Start}}", "{{.Interval.End}}", "{{.Params.day}}"]}]
`

// TestOccasions: a run keeps the date, zone and interval that it was requested for, and the values of params
// that depend on them.
func TestOccasions(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ queue, body, want string }{
		"planned":        {"events", `{"kind":"schedule","pipeline":"dated","scheduledTime":"2026-06-30T23:30:00Z"}`, "2026-07-01 Europe/Lisbon 2026-06-30T23:30:00Z 2026-07-01T23:30:00Z 2026-06-30 2026-07-01 00:30:00"},
		"a date":         {"requests", `{"requestId":"1","pipeline":"dated","logicalTime":"2026-07-01"}`, "2026-07-01 Europe/Lisbon 2026-06-30T23:00:00Z 2026-07-01T23:00:00Z 2026-06-30 2026-07-01 00:00:00"},
		"a time":         {"requests", `{"requestId":"1","pipeline":"dated","logicalTime":"2026-07-01T23:15:00Z"}`, "2026-07-02 Europe/Lisbon 2026-07-01T23:00:00Z 2026-07-02T23:00:00Z 2026-07-01 2026-07-02 00:00:00"},
		"a planned time": {"requests", `{"requestId":"1","pipeline":"dated","logicalTime":"2026-06-30T23:30:00Z"}`, "2026-07-01 Europe/Lisbon 2026-06-30T23:30:00Z 2026-07-01T23:30:00Z 2026-06-30 2026-07-01 00:30:00"},
		"a date by hand": {"execution", `{"pipeline":"dated","logicalDate":"2026-07-01"}`, "2026-07-01 Europe/Lisbon 2026-06-30T23:00:00Z 2026-07-01T23:00:00Z 2026-06-30 2026-07-01 00:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(simulation.Config{NoTicks: true, Settings: func(s *stage.Settings) { s.Vars = map[string]string{"secret": "stores/x"} }})
				defer w.Close()
				w.Apply(dated)
				if tt.queue == "execution" {
					w.Start("by-hand", tt.body)
				} else {
					w.Deliver(tt.queue, tt.body)
				}
				time.Sleep(time.Hour)
				all := runs(w)
				if len(all) != 1 || all[0].State == run.Rejected {
					t.Fatalf("runs %+v", all)
				}
				r := all[0]
				got := fmt.Sprint(r.LogicalDate, " ", r.Timezone, " ", r.IntervalStart.Format(time.RFC3339), " ", r.IntervalEnd.Format(time.RFC3339), " ", r.Params["day"], " ", r.Params["from"])
				if got != tt.want || r.Params["secret"] != "stores/x" {
					t.Errorf("%s %s\nwant %s", got, r.Params["secret"], tt.want)
				}
				c := w.Record(r.ID).Context(w.Settings)
				if c.LogicalDate != r.LogicalDate || c.Timezone != r.Timezone || !c.Interval.End.Equal(r.IntervalEnd) || c.Vars["secret"] != "stores/x" {
					t.Errorf("templates see %+v", c)
				}
			})
		})
	}
}

// TestRejectedVars: a variable that the stage does not have rejects the request, at its place.
func TestRejectedVars(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.Replace(dated, `secret: {default: "{{.Vars.secret}}"}`, `secret: {default: "x"}`, 1))
		w.Settings.Vars = nil
		spec := strings.Replace(string(simulation.SpecOf("pipeline: adhoc\n"+jobs)), `"name":"a"`, `"name":"a","args":["{{.Vars.secret}}"]`, 1)
		w.Deliver("requests", `{"requestId":"1","spec":`+spec+`}`)
		time.Sleep(time.Hour)
		if all := runs(w); len(all) != 1 || all[0].State != run.Rejected || !strings.Contains(all[0].Reason, "jobs[0].args[0]: no .Vars.secret; the stage has no vars") {
			t.Errorf("runs %+v", all)
		}
	})
}
