package statemachines_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/emr/pool"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// pooled is a pipeline whose runs share clusters.
func pooled(name, cluster, more string) string {
	return "pipeline: " + name + "\ncluster: {profile: small, " + cluster + "}\n" + more + "jobs: [{name: a, type: bash, source: a}]"
}

const nightly = "pool: nightly, keepAlive: 20m"

// asks starts runs of pipelines at once and returns their ids in this order.
func asks(t *testing.T, w *simulation.World, pipelines ...string) []string {
	t.Helper()
	var ids []string
	for i, name := range pipelines {
		before := w.RunIDs()
		w.Request(events.Request{RequestID: fmt.Sprintf("%s-%d-%d", name, len(before), i), Pipeline: name})
		for _, id := range w.RunIDs() {
			if !slices.Contains(before, id) {
				ids = append(ids, id)
			}
		}
	}
	synctest.Wait()
	if len(ids) != len(pipelines) {
		t.Fatalf("%d runs of %q", len(ids), pipelines)
	}
	return ids
}

// succeeded waits for runs, which must succeed, and returns the clusters they had.
func succeeded(t *testing.T, w *simulation.World, ids ...string) []string {
	t.Helper()
	var clusters []string
	for _, id := range ids {
		rec := w.Wait(id)
		if rec.Run.State != run.Succeeded {
			t.Fatalf("run %s is %s: %s; path %v", id, rec.Run.State, rec.Run.Reason, w.Result(id).Path)
		}
		clusters = append(clusters, rec.Cluster().ID)
	}
	synctest.Wait()
	return clusters
}

// clean checks that nothing is left once the pools' clusters have had their time.
func clean(t *testing.T, w *simulation.World) {
	t.Helper()
	time.Sleep(45 * time.Minute)
	if left := w.Left(); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	if errs := w.Errors(); len(errs) > 0 {
		t.Errorf("errors: %v", errs)
	}
	atMostOneStepPerAttempt(t, w)
}

// repairs are those that sweep reported.
func repairs(w *simulation.World) []string {
	all := []string{}
	for _, e := range w.Bus.Events() {
		if *e.DetailType == events.TypeRepaired {
			all = append(all, strings.Split(*e.Detail, `"`)[3])
		}
	}
	return all
}

// The second run takes the first one's cluster and begins minutes earlier, without a
// call of RunJobFlow or TerminateJobFlows.
func TestWarmPool(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("one", nightly, ""))
		first := asks(t, w, "one")[0]
		cold := succeeded(t, w, first)
		before, _ := w.Calls()
		time.Sleep(10 * time.Minute)
		second := asks(t, w, "one")[0]
		warm := succeeded(t, w, second)
		if diff := cmp.Diff(cold, warm); diff != "" || len(w.EMR.Clusters()) != 1 {
			t.Errorf("another cluster:\n%s", diff)
		}
		a, b := w.Record(first), w.Record(second)
		if toStep(a) < 5*time.Minute || toStep(b) > 5*time.Second {
			t.Errorf("the first began after %s, the second after %s", toStep(a), toStep(b))
		}
		cheaper(t, a.Run.CostUSD, b.Run.CostUSD)
		for i, c := range []run.Cluster{*a.Cluster(), *b.Cluster()} {
			want := run.Cluster{Attempt: 1, State: run.ClusterReleased, Pool: "nightly", Leased: i == 1, Steps: 1, Of: 4}
			got := run.Cluster{Attempt: c.Attempt, State: c.State, Pool: c.Pool, Leased: c.Leased, Steps: c.Steps, Of: c.Of}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("attempt of run %d -want +got:\n%s", i+1, diff)
			}
		}
		after, _ := w.Calls()
		for op, n := range before {
			after[op] -= n
		}
		want := map[string]int{"RunJobFlow": 0, "DescribeCluster": 1, "AddJobFlowSteps": 1}
		if diff := cmp.Diff(want, after); diff != "" {
			t.Errorf("EMR calls of the second run -want +got:\n%s", diff)
		}
		if diff := cmp.Diff(path(begin, round, good), strings.Join(w.Result(second).Path, " ")); diff != "" {
			t.Error(diff)
		}
		clean(t, w)
	})
}

// A cluster is terminated when it has been idle for its keepAlive, which is no repair.
func TestPoolClusterWaits(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("one", nightly, ""))
		for range 2 {
			succeeded(t, w, asks(t, w, "one")...)
			time.Sleep(19 * time.Minute)
			if n := len(w.Open()); n != 1 {
				t.Errorf("%d clusters while it waits", n)
			}
		}
		time.Sleep(7 * time.Minute)
		if n := len(w.Open()); n != 0 {
			t.Errorf("%d clusters after it has waited", n)
		}
		clean(t, w)
		if got := repairs(w); len(got) > 0 {
			t.Errorf("repairs %q", got)
		}
	})
}

// cheaper checks that a warm run costs a fraction of a cold one, and not nothing.
func cheaper(t *testing.T, cold, warm float64) {
	t.Helper()
	if warm == 0 || cold < 4*warm {
		t.Errorf("the cold run cost %f USD, the warm one %f", cold, warm)
	}
}

func toStep(rec *run.Record) time.Duration {
	return rec.Jobs[0].StartedAt.Sub(rec.Run.RequestedAt)
}

// Who shares a cluster and who does not.
func TestWhoShares(t *testing.T) {
	t.Parallel()
	wide := "jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b}, {name: c, type: bash, source: c}]"
	three := func(name string) string {
		return "pipeline: " + name + "\ncluster: {profile: small, " + nightly + "}\n" + wide
	}
	for _, tt := range []struct {
		name   string
		first  string   // warms a cluster
		then   []string // asked for at once
		shared int      // of these take the warm one
	}{
		{"the same pipeline", pooled("p", "keepAlive: 20m", ""), []string{pooled("p", "keepAlive: 20m", "")}, 1},
		{"two of one pool", pooled("p", nightly, ""), []string{pooled("q", nightly, ""), pooled("r", nightly, "")}, 2},
		{"as many as fit", pooled("p", nightly, ""), []string{three("q"), three("r")}, 1},
		{"no more than fits", pooled("p", nightly, ""), []string{three("q"), pooled("r", nightly, "")}, 2},
		{"no pool", pooled("p", nightly, ""), []string{"pipeline: q\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]"}, 0},
		{"another pool", pooled("p", nightly, ""), []string{pooled("q", "pool: weekly", "")}, 0},
		{"another team", pooled("p", nightly, ""), []string{pooled("q", nightly, "team: etl\n")}, 0},
		{"another profile", pooled("p", nightly, ""), []string{strings.Replace(pooled("q", nightly, ""), "small", "ladder", 1)}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				w.Apply(tt.first)
				warm := succeeded(t, w, asks(t, w, "p")...)[0]
				var names []string
				for _, file := range tt.then {
					w.Apply(file)
					names = append(names, strings.Fields(file)[1])
				}
				got := succeeded(t, w, asks(t, w, names...)...)
				if n := len(slices.DeleteFunc(got, func(id string) bool { return id != warm })); n != tt.shared {
					t.Errorf("%d shared %s, want %d", n, warm, tt.shared)
				}
				if c := poolCluster(t, w, warm); c.State != pool.Ready {
					t.Errorf("the first cluster is %s", c.State)
				}
				clean(t, w)
				if got := repairs(w); len(got) > 0 {
					t.Errorf("repairs %q", got)
				}
			})
		})
	}
}

// A run keeps to the steps it has leased, however wide it is.
func TestLeaseBoundsSteps(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply("pipeline: wide\ncluster: {profile: small, keepAlive: 20m, stepConcurrency: 2}\n" +
			"jobs: [{name: a, type: bash, source: a}, {name: b, type: bash, source: b}, {name: c, type: bash, source: c}, {name: d, type: bash, source: d}, {name: e, type: bash, source: e}]")
		for range 2 {
			id := asks(t, w, "wide")[0]
			most := 0
			for !w.Record(id).Run.State.Final() {
				time.Sleep(5 * time.Second)
				most = max(most, len(w.Record(id).InFlight()))
			}
			if most != 2 {
				t.Errorf("%d steps side by side, want 2", most)
			}
			succeeded(t, w, id)
		}
		clean(t, w)
	})
}
