package statemachines_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// The same workflow on another engine: the paths of jobs, of a stop and of a
// cancellation are those on EMR.
func TestAnotherEngine(t *testing.T) {
	t.Parallel()
	var all []scenario
	for _, s := range jobScenarios {
		s.config.Instant, s.calls = true, nil
		all = append(all, s)
	}
	for _, s := range []scenario{
		{name: "cancelled"},
		{name: "cancelled, and does not end by itself", config: simulation.Config{Steps: always(simulation.Step{Takes: time.Hour, Deaf: true})}},
		{name: "cancelled, and no event comes", config: simulation.Config{Steps: always(simulation.Step{Takes: time.Hour}), EventDelays: noEvents}},
	} {
		if s.config.Steps == nil {
			s.config.Steps = always(simulation.Step{Takes: time.Hour})
		}
		s.config.Instant, s.during = true, cancelling(false)
		s.want = ended{Path: path(begin, stopped, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=CANCELLED", Clusters: 1}
		all = append(all, s)
	}
	all = append(all, scenario{
		name: "no event comes", config: simulation.Config{Instant: true, EventDelays: noEvents},
		want: ended{Path: path(begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	})
	runScenarios(t, all)
}

// What an engine cannot do is refused before a run begins, with the reason.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ spec, want string }{
		"job type": {"cluster: {profile: small}\njobs: [{name: a, type: hive, source: a}]", "does not run jobs of type hive"},
		"pool":     {"cluster: {profile: small, keepAlive: 5m}\njobs: [{name: a, type: bash, source: a}]", "has no pools"},
		"resize":   {"cluster: {profile: wide}\njobs: [{name: a, type: bash, source: a, resize: {task: 2}}]", "cannot resize"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "pipeline: p\n" + tt.spec
			inWorld(t, simulation.Config{Instant: true}, func(t *testing.T, w *simulation.World) {
				payload, err := json.Marshal(map[string]json.RawMessage{"spec": simulation.SpecOf(file)})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := w.Invoke("register", payload); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("apply: %v, want %q", err, tt.want)
				}
				w.Request(events.Request{RequestID: "r", Spec: simulation.SpecOf(file)})
				synctest.Wait()
				time.Sleep(time.Minute)
				for _, id := range w.RunIDs() {
					if r := w.Record(id).Run; r.State != run.Rejected || !strings.Contains(r.Reason, tt.want) {
						t.Errorf("run %s is %s: %s", id, r.State, r.Reason)
					}
				}
				if len(w.RunIDs()) != 1 {
					t.Errorf("%d runs, want the rejected one", len(w.RunIDs()))
				}
			})
			inWorld(t, simulation.Config{}, func(_ *testing.T, w *simulation.World) { w.Apply(file) }) // EMR can
		})
	}
}
