package statemachines_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

const many = 60

// manyJobs is a pipeline of many independent jobs, twenty at a time.
func manyJobs() string {
	var b strings.Builder
	b.WriteString("pipeline: one\n" + watching + "cluster: {profile: large, stepConcurrency: 20}\njobs:\n")
	for i := range many {
		fmt.Fprintf(&b, "  - {name: j%d, type: bash, source: a}\n", i)
	}
	return b.String()
}

// large is a profile whose primary has memory for the drivers of all jobs.
func large() map[string]profile.Profile {
	return map[string]profile.Profile{"large": {
		Release: "emr-7.14.0", Applications: []string{"Spark"}, IdleTimeout: pipeline.Duration(time.Hour),
		Primary: profile.Fleet{Types: []string{"m5.24xlarge"}, OnDemand: 1},
	}}
}

// trivial jobs take some seconds, no two of a moment the same.
func trivial(a simulation.Attempt) simulation.Step {
	d := time.Second
	for _, c := range a.Job {
		d += time.Duration(c) * 17 * time.Millisecond
	}
	return simulation.Step{Takes: d, Lead: 300 * time.Millisecond}
}

// wideRun runs the wide pipeline, and returns how long it took and its calls.
func wideRun(t *testing.T, c simulation.Config) (took time.Duration, calls map[string]int) {
	t.Helper()
	c.Profiles = large()
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		w.Apply(manyJobs())
		w.Upload("in/a.csv")
		id := w.RunIDs()[0]
		rec := w.Wait(id)
		if rec.Run.State != run.Succeeded {
			t.Errorf("run is %s: %s", rec.Run.State, rec.Run.Reason)
		}
		took = rec.Run.EndedAt.Sub(rec.Cluster().ReadyAt)
		time.Sleep(10 * time.Minute)
		calls, _ = w.Calls()
		atMostOneStepPerAttempt(t, w)
		clean(t, w)
	})
	return took, calls
}

// EMR's buckets do not slow a wide pipeline down, because it calls EMR as often as a
// narrow one.
func TestWideRun(t *testing.T) {
	t.Parallel()
	rich := stage.Buckets{}
	for _, api := range []string{stage.AccountBucket, "RunJobFlow", "DescribeCluster", "ListClusters", "AddJobFlowSteps", "ListSteps", "TerminateJobFlows"} {
		rich[api] = stage.Bucket{Burst: 10_000, PerSecond: 1000}
	}
	free, _ := wideRun(t, simulation.Config{Steps: trivial, Settings: func(s *stage.Settings) { s.Limits.EMR = rich }})
	took, calls := wideRun(t, simulation.Config{Steps: trivial, Throttle: true})
	if took > free*13/10 {
		t.Errorf("%d jobs took %s with EMR's buckets, and %s without", many, took, free)
	}
	if n := simulation.Sum(calls); n > many/5 {
		t.Errorf("%d calls for %d jobs: %v", n, many, calls)
	}
	t.Logf("%d jobs in %s, %s with EMR's buckets; calls %v", many, free, took, calls)
}

// A job that goes on for hours after the others costs nothing.
func TestLastOfManyJobs(t *testing.T) {
	t.Parallel()
	tail := func(a simulation.Attempt) simulation.Step {
		if a.Job == "j7" {
			return simulation.Step{Takes: 100 * time.Minute}
		}
		return trivial(a)
	}
	_, calls := wideRun(t, simulation.Config{Steps: tail, Throttle: true})
	if n := simulation.Sum(calls); n > 10 {
		t.Errorf("%d calls: %v", n, calls)
	}
}

// Whatever becomes of events, all jobs end as they do, once.
func TestWideRunWithoutEvents(t *testing.T) {
	t.Parallel()
	for name, delays := range map[string]func(string) []time.Duration{
		"all lost":             noEvents,
		"those of steps lost":  without(awsfake.StepStatusChange),
		"late, doubled":        func(string) []time.Duration { return []time.Duration{40 * time.Second, 90 * time.Second} },
		"doubled, at one time": func(string) []time.Duration { return []time.Duration{time.Second, time.Second, time.Second} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			took, calls := wideRun(t, simulation.Config{Steps: trivial, Throttle: true, EventDelays: delays})
			t.Logf("took %s; calls %v", took, calls)
		})
	}
}

// Events that come together are one look: when the runners of sixty steps are
// killed at once, EMR is asked some times, not sixty times.
func TestEventsThatComeTogether(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{
		Profiles: large(),
		Steps: func(simulation.Attempt) simulation.Step {
			return simulation.Step{Takes: time.Minute, Silent: true, ExitCode: 137}
		},
		EventDelays: func(string) []time.Duration { return []time.Duration{time.Second} },
	}, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.Replace(manyJobs(), "stepConcurrency: 20", "stepConcurrency: 60", 1))
		w.Upload("in/a.csv")
		rec := w.Wait(w.RunIDs()[0])
		if rec.Run.State != run.Failed {
			t.Errorf("run is %s", rec.Run.State)
		}
		calls, _ := w.Calls()
		if calls["ListSteps"] > many/3 {
			t.Errorf("%d calls of ListSteps for %d steps", calls["ListSteps"], many)
		}
		t.Logf("calls %v", calls)
	})
}
