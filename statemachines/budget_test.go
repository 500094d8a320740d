package statemachines_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// A run costs transitions and EMR calls by its jobs, never by how long they take.
func TestCostDoesNotDependOnDuration(t *testing.T) {
	t.Parallel()
	type cost struct {
		Transitions int
		Calls       map[string]int
	}
	measure := func(t *testing.T, takes time.Duration) (c cost) {
		t.Helper()
		inWorld(t, simulation.Config{Steps: func(simulation.Attempt) simulation.Step { return simulation.Step{Takes: takes} }}, func(t *testing.T, w *simulation.World) {
			_, id := uploaded(t, w, one, nil)
			c.Transitions = w.Result(id).Transitions
			c.Calls, _ = w.Calls()
		})
		return c
	}
	short := measure(t, 5*time.Second)
	for _, takes := range []time.Duration{2 * time.Minute, 100 * time.Minute} {
		if diff := cmp.Diff(short, measure(t, takes)); diff != "" {
			t.Errorf("5 s against %s:\n%s", takes, diff)
		}
	}
	if n := simulation.Sum(short.Calls); n > 8 {
		t.Errorf("%d EMR calls, want at most 8: %v", n, short.Calls)
	}
	if short.Transitions != 9 {
		t.Errorf("%d transitions, want 9", short.Transitions)
	}
}

// The same thing asked for twice is one run.
func TestSameAskIsOneRun(t *testing.T) {
	t.Parallel()
	request := events.Request{RequestID: "r-1", Pipeline: "one"}
	dated := request
	dated.LogicalTime = "2026-01-02"
	for name, ask := range map[string]func(w *simulation.World){
		"upload": func(w *simulation.World) {
			e := w.Object("in/a.csv")
			w.Deliver("events", e, e)
			w.Deliver("events", e)
		},
		"request":             func(w *simulation.World) { w.Request(request, request) },
		"request, later":      func(w *simulation.World) { w.Request(request); time.Sleep(5 * time.Minute); w.Request(request) },
		"request with date":   func(w *simulation.World) { w.Request(dated); time.Sleep(5 * time.Minute); w.Request(dated) },
		"schedule":            func(w *simulation.World) { w.Tick("one", time.Now()); w.Tick("one", time.Now()) },
		"request, concurrent": func(w *simulation.World) { go w.Request(request); w.Request(request) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				w.Apply(one)
				ask(w)
				time.Sleep(30 * time.Minute)
				if ids := w.RunIDs(); len(ids) != 1 || len(w.EMR.Clusters()) != 1 {
					t.Fatalf("runs %q with %d clusters, want one of each", ids, len(w.EMR.Clusters()))
				}
				if left := w.Left(); len(left) > 0 {
					t.Errorf("left %q", left)
				}
				if errs := w.Errors(); len(errs) > 0 {
					t.Errorf("errors: %v", errs)
				}
			})
		})
	}
}

// Never more runs of a pipeline at a time than it allows, and all get their turn.
func TestMaxActive(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.Replace(one, "cluster:", "limits: {maxActive: 2}\ncluster:", 1))
		for i := range 7 {
			w.Upload(fmt.Sprintf("in/%d.csv", i))
		}
		synctest.Wait()
		most := 0
		for range 60 {
			time.Sleep(30 * time.Second)
			most = max(most, len(w.Open()))
		}
		if most != 2 {
			t.Errorf("%d clusters at a time, want 2", most)
		}
		for _, id := range w.RunIDs() {
			if rec := w.Wait(id); rec.Run.State != run.Succeeded {
				t.Errorf("run %s is %s: %s", id, rec.Run.State, rec.Run.Reason)
			}
		}
		time.Sleep(2 * time.Minute)
		if left := w.Left(); len(left) > 0 {
			t.Errorf("left %q", left)
		}
		own, shared := w.Calls()
		t.Log(own, shared, slices.Sorted(maps.Keys(own)))
	})
}
