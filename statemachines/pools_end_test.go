package statemachines_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ephemr/internal/pipeline"
	"ephemr/internal/profile"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/stage"
)

// When the profile changes, what is idle goes, what is leased goes with its last
// lease, and no other run gets it meanwhile.
func TestProfileChanges(t *testing.T) {
	t.Parallel()
	for _, leased := range []bool{false, true} {
		t.Run(fmt.Sprintf("leased %t", leased), func(t *testing.T) {
			t.Parallel()
			steps := func(a simulation.Attempt) simulation.Step {
				if strings.HasPrefix(a.RunID, "slow") {
					return simulation.Step{Takes: 30 * time.Minute}
				}
				return simulation.Step{}
			}
			inWorld(t, simulation.Config{Steps: steps}, func(t *testing.T, w *simulation.World) {
				w.Apply(pooled("quick", nightly, ""))
				w.Apply(pooled("slow", nightly, ""))
				old := succeeded(t, w, asks(t, w, "quick")...)[0]
				var slow []string
				if leased {
					slow = asks(t, w, "slow")
					time.Sleep(time.Minute)
				}
				w.Parameter(stage.ProfileParameter("test", "small"), `{"release": "emr-7.13.0", "idleTimeout": "1h", "primary": {"types": ["m5.xlarge"], "onDemand": 1}}`)
				young := succeeded(t, w, asks(t, w, "quick")...)[0]
				if young == old {
					t.Error("the run got a cluster of the old profile")
				}
				if leased && succeeded(t, w, slow...)[0] != old {
					t.Error("the run that was there lost its cluster")
				}
				time.Sleep(6 * time.Minute)
				for _, c := range w.EMR.Clusters() {
					if *c.Id == old && c.Status.Timeline.EndDateTime == nil {
						t.Errorf("cluster %s of the old profile is %s", old, c.Status.State)
					}
				}
				clean(t, w)
				if got := repairs(w); len(got) > 0 {
					t.Errorf("repairs %q", got)
				}
			})
		})
	}
}

// After its life a cluster takes no more runs, and is terminated when no run needs it.
func TestLifeOfAPoolCluster(t *testing.T) {
	t.Parallel()
	config := simulation.Config{Settings: func(s *stage.Settings) { s.Limits.Pool.Life = s.Limits.Pool.KeepAlive * 4 }} // an hour
	inWorld(t, config, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("p", nightly, ""))
		clusters := map[string]bool{}
		for range 15 { // one every ten minutes
			clusters[succeeded(t, w, asks(t, w, "p")...)[0]] = true
			time.Sleep(9 * time.Minute)
		}
		if len(clusters) != 3 {
			t.Errorf("two and a half hours took %d clusters, want 3", len(clusters))
		}
		clean(t, w)
	})
}

// Without sweep EMR ends a cluster that idles, but not before its time.
func TestPoolClusterWithoutSweep(t *testing.T) {
	t.Parallel()
	hasty := profile.Profile{
		Release: "emr-7.14.0", IdleTimeout: pipeline.Duration(2 * time.Minute),
		Primary: profile.Fleet{Types: simulation.LadderTypes[:1], OnDemand: 1},
	}
	config := simulation.Config{NoTicks: true, Profiles: map[string]profile.Profile{"hasty": hasty}}
	inWorld(t, config, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.Replace(pooled("p", nightly, ""), "small", "hasty", 1))
		succeeded(t, w, asks(t, w, "p")...)
		time.Sleep(24 * time.Minute)
		if n := len(w.Open()); n != 1 {
			t.Errorf("%d clusters after 24 minutes", n)
		}
		time.Sleep(2 * time.Minute)
		if n := len(w.Open()); n != 0 {
			t.Errorf("%d clusters after 26 minutes", n)
		}
	})
}
