package wait_test

import (
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

const one = `
pipeline: one
triggers: [{s3: {bucket: raw, prefix: in/}}]
cluster: {profile: small}
jobs: [{name: a, type: bash, source: a}]
`

// lived is how a run went whose calls are scarce.
type lived struct {
	rec    *run.Record
	result asl.Result
	calls  map[string]int
	errs   []error
}

// live takes one upload through a world to its end.
func live(t *testing.T, c simulation.Config, limits stage.Buckets) lived {
	t.Helper()
	return liveAs(t, one, c, limits)
}

// liveAs is live for a pipeline.
func liveAs(t *testing.T, file string, c simulation.Config, limits stage.Buckets) (l lived) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		shape := c.Settings
		c.Settings = func(s *stage.Settings) {
			s.Limits.EMR = limits
			if shape != nil {
				shape(s)
			}
		}
		w := simulation.New(c)
		defer w.Close()
		w.Apply(file)
		w.Upload("in/a.csv")
		id := w.RunIDs()[0]
		l.rec = w.Wait(id)
		time.Sleep(time.Minute)
		l.result, l.errs = w.Result(id), w.Errors()
		l.calls, _ = w.Calls()
	})
	return l
}

func (l lived) check(t *testing.T, state run.State, class job.Class) {
	t.Helper()
	if l.rec.Run.State != state || l.rec.Run.Class != class {
		t.Errorf("run is %s %s: %s", l.rec.Run.State, l.rec.Run.Class, l.rec.Run.Reason)
	}
	if len(l.errs) > 0 {
		t.Errorf("functions failed: %v", l.errs)
	}
}

const direct = 9 // transitions of a run of one job without a retry

func noEvents(string) []time.Duration { return nil }

// The list that the tick reads anyway has the states of clusters; only the address
// of one that is ready has to be asked for.
func TestTickNeedsNoDescribeCluster(t *testing.T) {
	t.Parallel()
	l := live(t, simulation.Config{EventDelays: noEvents}, nil)
	l.check(t, run.Succeeded, "")
	if n := l.calls["DescribeCluster"]; n != 1 {
		t.Errorf("%d calls of DescribeCluster, want one for the address", n)
	}
}

// The tick knows why a cluster is gone, too.
func TestTickSeesWhyAClusterIsGone(t *testing.T) {
	t.Parallel()
	l := live(t, simulation.Config{EventDelays: noEvents, BootstrapFails: func(string) bool { return true }}, nil)
	l.check(t, run.Failed, job.ClassBootstrap)
	if n := l.calls["DescribeCluster"]; n != 0 {
		t.Errorf("%d calls of DescribeCluster, want none", n)
	}
}

// killed is how a job ends whose runner leaves no result: EMR has to be asked.
func killed(takes time.Duration) simulation.Step {
	return simulation.Step{Takes: takes, Silent: true, ExitCode: 137}
}

// An event without a token is dropped, and so is the tick's look; a later one
// finds what there is to find.
func TestHintsAreDropped(t *testing.T) {
	t.Parallel()
	const two = `
pipeline: two
triggers: [{s3: {bucket: raw, prefix: in/}}]
cluster: {profile: small}
jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b}]
`
	steps := map[string]time.Duration{"a": 30 * time.Second, "b": 50 * time.Second}
	l := liveAs(t, two, simulation.Config{Steps: func(a simulation.Attempt) simulation.Step { return killed(steps[a.Job]) }},
		stage.Buckets{"ListSteps": {Burst: 1, PerSecond: 1.0 / 200}})
	l.check(t, run.Failed, job.ClassLost)
	if l.result.Transitions != direct {
		t.Errorf("%d transitions, want %d", l.result.Transitions, direct)
	}
	if took := l.rec.Run.EndedAt.Sub(l.rec.Cluster().ReadyAt); took < 200*time.Second || took > 320*time.Second {
		t.Errorf("the step's end was seen after %s", took)
	}
}

// A look that fails after a waiter has registered fails nothing.
func TestRegisteringWithoutAToken(t *testing.T) {
	t.Parallel()
	const pooled = `
pipeline: pooled
triggers: [{s3: {bucket: raw, prefix: in/}}]
cluster: {profile: small, pool: p}
jobs: [{name: a, type: bash, source: a}]
`
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Settings: func(s *stage.Settings) {
			s.Limits.EMR = stage.Buckets{"DescribeCluster": {Burst: 1, PerSecond: 0.001}}
		}})
		defer w.Close()
		w.Apply(pooled)
		for _, key := range []string{"in/1.csv", "in/2.csv"} { // the second leases, and asks whether the cluster is ready
			w.Upload(key)
			for _, id := range w.RunIDs() {
				l := lived{rec: w.Wait(id), result: w.Result(id), errs: w.Errors()}
				l.check(t, run.Succeeded, "")
			}
		}
		if n := len(w.EMR.Clusters()); n != 1 {
			t.Errorf("%d clusters, want one for both runs", n)
		}
	})
}

// Without a list of clusters the tick ends quietly, events do, and deadlines
// are kept all the same.
func TestTickWithoutAList(t *testing.T) {
	t.Parallel()
	none := stage.Buckets{"ListClusters": {Burst: 1, PerSecond: 0.001}}
	l := live(t, simulation.Config{}, none)
	l.check(t, run.Succeeded, "")

	l = live(t, simulation.Config{
		Starting: 10 * time.Hour,
		Settings: func(s *stage.Settings) { s.Limits.ClusterReady = pipeline.Duration(3 * time.Minute) },
	}, none)
	l.check(t, run.Failed, job.ClassTimeout)
}
