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
	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// A warm cluster that is gone costs the next run a look, not a rung of its ladder.
func TestPoolClusterIsGone(t *testing.T) {
	t.Parallel()
	quiet := func(string) []time.Duration { return nil }
	for _, tt := range []struct {
		name   string
		config simulation.Config
		path   string
		failed int // attempts
	}{
		{"everybody knows", simulation.Config{}, path(begin, round, good), 0},
		{"without an event", simulation.Config{EventDelays: quiet}, path(begin, "CreateCluster", round, good), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, tt.config, func(t *testing.T, w *simulation.World) {
				w.Apply(pooled("p", nightly, ""))
				first := asks(t, w, "p")[0]
				succeeded(t, w, first)
				w.Kill(first)
				synctest.Wait()
				second := asks(t, w, "p")[0]
				succeeded(t, w, second)
				rec := w.Record(second)
				if diff := cmp.Diff(tt.path, strings.Join(w.Result(second).Path, " ")); diff != "" {
					t.Error(diff)
				}
				if len(rec.Clusters) != 1+tt.failed || rec.Cluster().Rung != 0 || rec.Cluster().Leased {
					t.Errorf("attempts %+v", rec.Clusters)
				}
				clean(t, w)
			})
		})
	}
}

// It goes in the moment between the lease and the first step: nothing has run, so
// the run gets another cluster.
func TestPoolClusterGoesBeforeTheFirstStep(t *testing.T) {
	t.Parallel()
	var w *simulation.World
	var second string
	inWorld(t, simulation.Config{EMR: beforeSteps(func(id string) {
		if second != "" && w.Record(second).Cluster().Leased {
			w.EMR.Kill(id)
		}
	})}, func(t *testing.T, world *simulation.World) {
		w = world
		w.Apply(pooled("p", nightly, ""))
		succeeded(t, w, asks(t, w, "p")...)
		before := w.RunIDs()
		second = run.ID("p", time.Now(), run.OfRequest(simulation.Sender, "again")...)
		w.Request(events.Request{RequestID: "again", Pipeline: "p"})
		synctest.Wait()
		if ids := w.RunIDs(); len(ids) != len(before)+1 || !slices.Contains(ids, second) {
			t.Fatalf("runs %q, want %s", ids, second)
		}
		succeeded(t, w, second)
		rec := w.Record(second)
		if diff := cmp.Diff(path(begin, "SubmitSteps CreateCluster", round, good), strings.Join(w.Result(second).Path, " ")); diff != "" {
			t.Error(diff)
		}
		if first := rec.Clusters[0]; first.State != run.ClusterFailed || first.Class != job.ClassLost || rec.Jobs[0].Attempt != 1 {
			t.Errorf("attempt %+v, job %+v", first, rec.Jobs[0])
		}
		clean(t, w)
	})
}

// A cluster that dies under two runs takes a job of each, and each reports its own.
func TestLostUnderTwoRuns(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{Steps: long}, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("p", nightly, ""))
		w.Apply(pooled("q", nightly, ""))
		first := asks(t, w, "p")[0]
		time.Sleep(10 * time.Minute) // it is ready, and p's step runs
		second := asks(t, w, "q")[0]
		time.Sleep(10 * time.Minute)
		if len(w.Open()) != 1 {
			t.Fatalf("open clusters %q", w.Open())
		}
		w.Kill(first)
		for _, id := range []string{first, second} {
			rec := w.Wait(id)
			j := rec.Jobs[0]
			if rec.Run.State != run.Failed || rec.Run.Class != job.ClassLost || j.State != run.JobFailed || !strings.Contains(j.Reason, "INSTANCE_FAILURE") {
				t.Errorf("run %s is %s (%s), its job %s: %s", id, rec.Run.State, rec.Run.Class, j.State, j.Reason)
			}
		}
		clean(t, w)
	})
}

// Who cancels one of two runs on a cluster stops its steps and nothing else.
func TestCancelOneOfTwo(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{Steps: long}, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("p", nightly, ""))
		w.Apply(pooled("q", nightly, ""))
		first := asks(t, w, "p")[0]
		time.Sleep(10 * time.Minute)
		second := asks(t, w, "q")[0]
		time.Sleep(10 * time.Minute)
		control(t, w, `{"op": "cancel", "runId": "`+first+`", "why": "enough"}`)
		if rec := w.Wait(first); rec.Run.State != run.Cancelled || rec.Jobs[0].State != run.JobCancelled || rec.Cluster().State != run.ClusterReleased {
			t.Errorf("run is %s, job %s, cluster %s", rec.Run.State, rec.Jobs[0].State, rec.Cluster().State)
		}
		succeeded(t, w, second)
		third := asks(t, w, "p")[0]
		if got := succeeded(t, w, third)[0]; got != w.Record(second).Cluster().ID {
			t.Errorf("the next run had cluster %s", got)
		}
		clean(t, w)
		if got := repairs(w); len(got) > 0 {
			t.Errorf("repairs %q", got)
		}
	})
}

// A stopped execution gives nothing back. Sweep kills its step and takes the lease
// back; before that, a retry is refused, because the step may still run. The cluster
// serves no others: the runner that was killed may have left YARN applications there.
func TestStoppedOnAPool(t *testing.T) {
	t.Parallel()
	for _, retry := range []bool{false, true} {
		t.Run(fmt.Sprintf("retry %t", retry), func(t *testing.T) {
			t.Parallel()
			steps := func(a simulation.Attempt) simulation.Step {
				if a.Number == 1 && strings.HasPrefix(a.RunID, "q") {
					return simulation.Step{Takes: time.Hour}
				}
				return simulation.Step{}
			}
			inWorld(t, simulation.Config{Steps: steps}, func(t *testing.T, w *simulation.World) {
				w.Apply(pooled("p", nightly, ""))
				w.Apply(pooled("q", nightly, ""))
				warm := succeeded(t, w, asks(t, w, "p")...)[0]
				id := asks(t, w, "q")[0]
				time.Sleep(time.Minute)
				w.Stop(w.Record(id).Run.Execution)
				w.Wait(id) // sweep records it
				if retry {
					synctest.Wait() // until its end is recorded
					request := []byte(`{"op": "retry", "runId": "` + id + `"}`)
					if _, err := w.Invoke("control", request); err == nil || !strings.Contains(err.Error(), "may still be running on cluster") {
						t.Errorf("a retry at once: %v", err)
					}
					for w.Record(id).Clusters[0].State != run.ClusterReleased {
						time.Sleep(time.Minute)
					}
					control(t, w, string(request))
				}
				time.Sleep(15 * time.Minute)
				rec, want := w.Record(id), run.Cancelled
				if retry {
					want = run.Succeeded
				}
				if rec.Run.State != want || rec.Clusters[0].State != run.ClusterReleased {
					t.Errorf("run is %s (%s), attempts %+v", rec.Run.State, rec.Run.Reason, rec.Clusters)
				}
				if got := repairs(w); !slices.Contains(got, "lease-released") || slices.Contains(got, "cluster-terminated") {
					t.Errorf("repairs %q", got)
				}
				if got := succeeded(t, w, asks(t, w, "p")...)[0]; got == warm {
					t.Errorf("the next run had cluster %s, too", got)
				}
				clean(t, w)
			})
		})
	}
}

// Whatever call a process dies in, a run on a warm pool ends well, without
// another cluster, and gives back what it has leased; so does the run that makes
// the cluster.
func TestCrashOnAPool(t *testing.T) {
	t.Parallel()
	for op, most := range map[string]int{
		"DynamoDB:PutItem": 8, "DynamoDB:UpdateItem": 30, "DynamoDB:GetItem": 12, "DynamoDB:Query": 8,
		"EMR:RunJobFlow": 1, "EMR:DescribeCluster": 1, "EMR:AddJobFlowSteps": 1, "EMR:ListSteps": 2,
	} {
		for n := range most {
			for _, way := range []struct{ after, warm bool }{{}, {after: true}, {warm: true}, {after: true, warm: true}} {
				t.Run(fmt.Sprintf("%s %d %+v", op, n, way), func(t *testing.T) {
					t.Parallel()
					inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
						w.Apply(pooled("p", nightly, ""))
						if way.warm {
							succeeded(t, w, asks(t, w, "p")...)
						}
						w.CrashAt(op, n, way.after)
						crashing(t, w)
					})
				})
			}
		}
	}
}

// crashing asks for a run of p in which a process dies.
func crashing(t *testing.T, w *simulation.World) {
	t.Helper()
	before := w.RunIDs()
	w.Request(events.Request{RequestID: "r", Pipeline: "p"})
	time.Sleep(5 * time.Minute)
	ids := slices.DeleteFunc(w.RunIDs(), func(id string) bool { return slices.Contains(before, id) })
	succeeded(t, w, ids...)
	time.Sleep(45 * time.Minute)
	if left := w.Left(); len(left) > 0 || len(w.EMR.Clusters()) != 1 || len(ids) != 1 {
		t.Errorf("left %q, %d clusters, runs %q", left, len(w.EMR.Clusters()), ids)
	}
	if got := repairs(w); slices.Contains(got, "lease-released") {
		t.Errorf("repairs %q", got)
	}
	atMostOneStepPerAttempt(t, w)
}
