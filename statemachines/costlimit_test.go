package statemachines_test

import (
	"math"
	"testing"
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// A run ends before it costs more than its pipeline allows, also while the tick has nothing
// to ask EMR about it. Its job is stopped and its cluster is terminated, as at a deadline.
func TestCostLimit(t *testing.T) {
	t.Parallel()
	hours := simulation.Config{Steps: func(simulation.Attempt) simulation.Step { return simulation.Step{Takes: 90 * time.Minute} }}
	const single = onSmall + "jobs: [{name: a, type: bash, source: a}]\n"
	// A cluster of one m5.xlarge costs 0.25 USD an hour.
	for name, tt := range map[string]struct {
		limit string
		usd   float64
		state run.State
	}{
		"limited": {"limits: {cost: 0.10 USD}", 0.10, run.Failed},
		"enough":  {"limits: {cost: 0.60 USD}", 0.60, run.Succeeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, hours, func(t *testing.T, w *simulation.World) {
				got, id := uploaded(t, w, "pipeline: costly\n"+single+tt.limit, nil)
				rec := w.Record(id)
				if got.State != tt.state || rec.Run.CostUSD > tt.usd {
					t.Fatalf("%s: %s; %f USD", got.State, rec.Run.Reason, rec.Run.CostUSD)
				}
				if tt.state == run.Succeeded {
					return
				}
				burn := cost.OfClusters([]run.Cluster{{CreatedAt: time.Unix(0, 0), Units: rec.Clusters[0].Units}}, time.Unix(3600, 0)).USD() / 60
				if got.Class != job.ClassLimit || rec.Run.CostUSD < tt.usd-3*burn {
					t.Errorf("class %s after %f USD: %s", got.Class, rec.Run.CostUSD, rec.Run.Reason)
				}
				if rec.Job("a").State != run.JobCancelled || len(w.Open()) > 0 {
					t.Errorf("job %s, open clusters %q", rec.Job("a").State, w.Open())
				}
			})
		})
	}
}

// What EC2 answers is recorded with the cluster: the highest price of the zones.
func TestSpotPrice(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fail bool
		spot float64
		seen bool
	}{
		"seen":    {spot: 0.07, seen: true},
		"refused": {fail: true, spot: 0.0768},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				if tt.fail {
					w.EC2.FailNext("DescribeSpotPriceHistory", awsfake.Throttled())
				}
				_, id := uploaded(t, w, "pipeline: single\n"+watching+"cluster: {profile: wide}\njobs: [{name: a, type: bash, source: a}]", nil)
				rec := w.Record(id)
				if rec.Run.State != run.Succeeded || len(rec.Clusters) != 1 {
					t.Fatalf("%s with %d clusters: %s", rec.Run.State, len(rec.Clusters), rec.Run.Reason)
				}
				u := rec.Clusters[0].Units[1]
				if u.Kind != run.Core || u.Spot != 2 || math.Abs(u.Price.Spot-tt.spot) > 1e-9 || u.Price.Seen != tt.seen || u.Price.EC2 != 0.192 {
					t.Errorf("%+v at %+v", u, u.Price)
				}
			})
		})
	}
}
