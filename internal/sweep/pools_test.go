package sweep_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// warm makes a cluster that is a pool's and ready, and its record as change wants it.
func warm(t *testing.T, w *simulation.World, change func(*pool.Cluster)) string {
	t.Helper()
	create(t, w, "maker.1", map[string]string{cluster.TagStage: "test", cluster.TagRun: "maker"})
	id := *w.EMR.Clusters()[0].Id
	c := pool.Cluster{
		ID: id, RunID: "maker", Attempt: 1, Name: "maker.1", Pool: "p", Team: "etl",
		Member: pool.Member{
			State: pool.Ready, Steps: 2, Free: 2, Leases: map[string]int{}, KeepAlive: time.Hour,
			IdleUntil: time.Now().Add(time.Hour), Until: time.Now().Add(12 * time.Hour),
		},
	}
	change(&c)
	if err := pools(w).Join(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Minute)
	return id
}

func pools(w *simulation.World) *pool.Store {
	return &pool.Store{DB: w.DB, Table: w.Settings.ClustersTable}
}

func leasedBy(holder string) func(*pool.Cluster) {
	return func(c *pool.Cluster) { c.Free, c.Leases, c.IdleUntil = 1, map[string]int{holder: 1}, time.Time{} }
}

// repairs is what a sweep repaired, except for the directory of clusters: those that
// warm makes are not registered there.
func repairs(t *testing.T, w *simulation.World) []string {
	t.Helper()
	return slices.DeleteFunc(swept(t, w), func(r string) bool { return strings.HasPrefix(r, "instance-") })
}

// Clusters of pools expire without a repair that is reported; a lease that is not
// released is one.
func TestPools(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*pool.Cluster)
		run    *run.Run
		want   []string // repairs
		state  pool.State
	}{
		{name: "waits", change: func(*pool.Cluster) {}, state: pool.Ready},
		{name: "has waited", change: func(c *pool.Cluster) { c.IdleUntil = time.Now().Add(5 * time.Minute) }, state: pool.Gone},
		{name: "is too old", change: func(c *pool.Cluster) { c.Until = time.Now().Add(5 * time.Minute) }, state: pool.Gone},
		{name: "never was ready", change: func(c *pool.Cluster) { c.State = pool.Starting }, state: pool.Gone},
		{name: "is drained", change: func(c *pool.Cluster) { c.State = pool.Draining }, state: pool.Gone},
		{name: "is leased", change: leasedBy("r.1"), run: &run.Run{ID: "r", State: run.Queued}, state: pool.Ready},
		{name: "is leased and too old", change: func(c *pool.Cluster) {
			leasedBy("r.1")(c)
			c.Until = time.Now()
		}, run: &run.Run{ID: "r", State: run.Queued}, state: pool.Draining},
		{
			name: "is leased by a run that is over", change: leasedBy("r.1"), run: &run.Run{ID: "r", State: run.Failed},
			want: []string{"lease-released r"}, state: pool.Ready,
		},
		{name: "is leased by an unknown run, which may have left something", change: leasedBy("q.1"), want: []string{"lease-released q"}, state: pool.Gone},
		{
			name: "is leased by a run past its deadline", change: leasedBy("r.1"),
			run:  &run.Run{ID: "r", State: run.Queued, Deadline: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)},
			want: []string{"lease-released r"}, state: pool.Ready,
		},
		{
			name: "never was ready, and its run is over", run: &run.Run{ID: "maker", State: run.Failed},
			change: func(c *pool.Cluster) { leasedBy("maker.1")(c); c.State = pool.Starting },
			want:   []string{"lease-released maker"}, state: pool.Gone,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				if tt.run != nil {
					put(t, w, *tt.run)
				}
				id := warm(t, w, tt.change)
				if tt.want == nil {
					tt.want = []string{}
				}
				if diff := cmp.Diff(tt.want, repairs(t, w)); diff != "" {
					t.Errorf("repairs -want +got:\n%s", diff)
				}
				c, err := pools(w).Get(t.Context(), id)
				if err != nil || c.State != tt.state {
					t.Errorf("the record is %+v, %v; want %s", c, err, tt.state)
				}
				if gone := len(w.Open()) == 0; gone != (tt.state == pool.Gone) {
					t.Errorf("open clusters %q", w.Open())
				}
				if again := repairs(t, w); len(again) > 0 {
					t.Errorf("a second sweep repairs %q", again)
				}
			})
		})
	}
}

// What is still busy under a leaked lease is killed first: only then others may
// have its room.
func TestLeakedLeaseIsBusy(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *simulation.World) {
		put(t, w, run.Run{ID: "r", State: run.Failed})
		id := warm(t, w, leasedBy("r.1"))
		for _, name := range []string{"r.1:a#1", "other.1:a#1"} {
			if _, err := w.EMR.AddJobFlowSteps(t.Context(), &emr.AddJobFlowStepsInput{JobFlowId: &id, Steps: []types.StepConfig{{
				Name: &name, HadoopJarStep: &types.HadoopJarStepConfig{Jar: aws.String("command-runner.jar")},
			}}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range [][]string{{}, {"lease-released r"}} {
			if diff := cmp.Diff(want, repairs(t, w)); diff != "" {
				t.Errorf("repairs -want +got:\n%s", diff)
			}
			time.Sleep(30 * time.Second)
		}
		var states []types.StepState
		for _, s := range w.EMR.Steps(id) {
			states = append(states, s.Status.State)
		}
		if diff := cmp.Diff([]types.StepState{types.StepStateCancelled, types.StepStateRunning}, states); diff != "" {
			t.Errorf("steps -want +got:\n%s", diff)
		}
	})
}

// Whoever has just ended may be giving the lease back, or a dead function's step
// may still be on its way.
func TestLeakedLeaseIsFresh(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]run.Run{
		"just over":      {ID: "r", State: run.Failed, EndedAt: time.Now().Add(time.Hour)},
		"just restarted": {ID: "r", State: run.Queued, Restarts: 1, RequestedAt: time.Now().Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				in := func(x time.Time) time.Time {
					if x.IsZero() {
						return x
					}
					return time.Now().Add(10 * time.Minute) // when warm is done
				}
				r.EndedAt, r.RequestedAt = in(r.EndedAt), in(r.RequestedAt)
				put(t, w, r)
				if ok, err := w.Runs.CreateClusterAttempt(t.Context(), "r", run.Cluster{Attempt: 1, Name: "r.1", Pool: "p", State: run.ClusterReady, Intent: "x"}); !ok || err != nil {
					t.Fatal(ok, err)
				}
				warm(t, w, leasedBy("r.1"))
				for _, want := range [][]string{{}, {"lease-released r"}} {
					if diff := cmp.Diff(want, repairs(t, w)); diff != "" {
						t.Errorf("repairs -want +got:\n%s", diff)
					}
					time.Sleep(2 * time.Minute)
				}
				if c := w.Record("r").Cluster(); c.State != run.ClusterReleased {
					t.Errorf("the attempt is %s", c.State)
				}
			})
		})
	}
}

// Clusters that are gone are removed from their pools, also without an event, and when
// the invocation that made them has died.
func TestPoolsForget(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, w *simulation.World, id string){
		"died unnoticed": func(_ *testing.T, w *simulation.World, id string) { w.EMR.Kill(id) },
		"has no record": func(t *testing.T, w *simulation.World, _ string) {
			t.Helper()
			w.DB.FailNext("PutItem", errors.New("connection refused"))
			if err := pools(w).Join(t.Context(), pool.Cluster{ID: "j-NOBODY", Pool: "q", Team: "etl", Member: pool.Member{State: pool.Ready}}); err == nil {
				t.Fatal("the record was written")
			}
			w.Terminate()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *simulation.World) {
				lose(t, w, warm(t, w, func(*pool.Cluster) {}))
				time.Sleep(5 * time.Minute)
				if got := repairs(t, w); len(got) > 0 {
					t.Errorf("repairs %q", got)
				}
				if all, err := pools(w).All(t.Context()); len(all) > 0 || err != nil {
					t.Errorf("pools %v, %v", all, err)
				}
			})
		})
	}
}
