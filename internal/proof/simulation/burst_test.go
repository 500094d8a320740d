package simulation_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

const crowd = 200

// A burst of runs, all admitted at once, against an EMR that has the buckets of
// a real account: not one call is made that EMR would refuse, and no run dies of
// having to wait for its turn.
func TestBurstStaysWithinTheCallBudget(t *testing.T) {
	t.Parallel()
	slow(t, "200 runs at once take seconds")
	room := func(s *stage.Settings) { s.Limits.MaxActive, s.Limits.PipelineMaxActive = 2*crowd, 2*crowd }
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Throttle: true, Settings: room})
		defer w.Close()
		w.Apply(one)
		began := time.Now()
		var keys []string
		for i := range crowd {
			keys = append(keys, fmt.Sprintf("in/%03d.csv", i))
		}
		w.Upload(keys...)
		ids := w.RunIDs()
		if len(ids) != crowd {
			t.Fatalf("%d runs, want %d", len(ids), crowd)
		}
		var took []time.Duration
		var transitions []int
		for _, id := range ids {
			rec := w.Wait(id)
			if rec.Run.State != run.Succeeded {
				t.Errorf("run %s is %s: %s", id, rec.Run.State, rec.Run.Reason)
			}
			took = append(took, rec.Run.EndedAt.Sub(began))
		}
		time.Sleep(10 * time.Minute)
		for _, id := range ids {
			r := w.Result(id)
			if r.Status != asl.Succeeded {
				t.Errorf("execution %s is %s: %s", id, r.Status, r.Cause)
			}
			transitions = append(transitions, r.Transitions)
		}
		if denied := w.EMR.Denied(); len(denied) > 0 {
			t.Errorf("EMR refused calls for their number: %v", denied)
		}
		if left := w.Left(); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
		if errs := w.Errors(); len(errs) > 0 {
			t.Errorf("%d errors, the first: %v", len(errs), errs[0])
		}
		own, shared := w.Calls()
		if n := own["ListClusters"]; n > 0 {
			t.Errorf("%d calls to look for clusters that the budget did not let be created", n)
		}
		t.Logf("%d runs: half after %s, all after %s; transitions per run: median %d, most %d; calls %v, of ticks %v",
			crowd, median(took), slices.Max(took), median(transitions), slices.Max(transitions), own, shared)
	})
}

// A budget that hopes for more than EMR gives: EMR refuses, the bucket is
// drained, and all functions back off until all is done.
func TestBurstSurvivesTooMuchHope(t *testing.T) {
	t.Parallel()
	const some = 60
	hope := func(s *stage.Settings) {
		s.Limits.MaxActive, s.Limits.PipelineMaxActive = some, some
		s.Limits.EMR = stage.Buckets{
			stage.AccountBucket: {Burst: 1000, PerSecond: 100}, "RunJobFlow": {Burst: 100, PerSecond: 10}, "ListSteps": {Burst: 100, PerSecond: 10},
		}
	}
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Throttle: true, Settings: hope})
		defer w.Close()
		w.Apply(one)
		for i := range some {
			w.Upload(fmt.Sprintf("in/%03d.csv", i))
		}
		for _, id := range w.RunIDs() {
			if rec := w.Wait(id); rec.Run.State != run.Succeeded {
				t.Errorf("run %s is %s: %s", id, rec.Run.State, rec.Run.Reason)
			}
		}
		denied := w.EMR.Denied()
		if simulation.Sum(denied) == 0 {
			t.Error("EMR refused nothing, so nothing was tested")
		}
		t.Log(denied)
	})
}

func median[T cmp.Ordered](of []T) T {
	slices.Sort(of)
	return of[len(of)/2]
}
