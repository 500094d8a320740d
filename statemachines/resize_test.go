package statemachines_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/cost"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

const wide = `pipeline: wide
triggers: [{s3: {bucket: raw, prefix: in/}}]
cluster: {profile: wide}
jobs:
  - {name: a, type: bash, source: a}
  - {name: b, type: bash, source: b, needs: [a], resize: {task: 2}}
  - {name: c, type: bash, source: c, needs: [a], resize: {task: 4}}
  - {name: d, type: bash, source: d, needs: [b, c]}
`

// wideSteps make the jobs of wide take their time.
var wideSteps = steps(map[string]simulation.Step{
	"a#1": {Takes: 20 * time.Minute}, "b#1": {Takes: 20 * time.Minute}, "c#1": {Takes: 10 * time.Minute}, "d#1": {Takes: 20 * time.Minute},
})

// taskUnits is what the newest cluster has of its task fleet, and what is wanted.
func taskUnits(w *simulation.World) string {
	all := w.EMR.Clusters()
	if len(all) == 0 {
		return "no cluster"
	}
	for _, f := range w.EMR.Fleets(*all[len(all)-1].Id) {
		if f.InstanceFleetType == types.InstanceFleetTypeTask {
			return fmt.Sprintf("%d of %d", *f.ProvisionedSpotCapacity+*f.ProvisionedOnDemandCapacity, *f.TargetSpotCapacity+*f.TargetOnDemandCapacity)
		}
	}
	return "none"
}

// calls of EMR that change sizes or look at them.
func sizeCalls(w *simulation.World) string {
	own, _ := w.Calls()
	return fmt.Sprintf("%d looks, %d added, %d changed", own["ListInstanceFleets"], own["AddInstanceFleet"], own["ModifyInstanceFleet"])
}

// Task units come with the jobs that want them, as many as the one that wants
// most, and go with them; jobs do not wait for them.
func TestResizeOfJobs(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{Steps: wideSteps}, func(t *testing.T, w *simulation.World) {
		w.Apply(wide)
		w.Upload("in/a.csv")
		time.Sleep(18 * time.Minute) // 5 for the cluster
		story := []string{taskUnits(w)}
		for range 4 {
			time.Sleep(10*time.Minute + 30*time.Second)
			story = append(story, taskUnits(w))
		}
		// a runs; b and c have begun; c has ended; d has begun; d goes on
		if got, want := strings.Join(story, ", "), "none, 4 of 4, 2 of 2, 0 of 0, 0 of 0"; got != want {
			t.Errorf("task units: %s; want %s", got, want)
		}
		id := w.RunIDs()[0]
		rec := w.Wait(id)
		if rec.Run.State != run.Succeeded {
			t.Fatalf("run is %s: %s", rec.Run.State, rec.Run.Reason)
		}
		if b, c, d := rec.Job("b").Resize, rec.Job("c").Resize, rec.Job("d").Resize; b != "4 task units" || c != "4 task units" || d != "" {
			t.Errorf("notes %q, %q, %q", b, c, d)
		}
		if got, want := sizeCalls(w), "1 looks, 1 added, 2 changed"; got != want {
			t.Errorf("%s; want %s", got, want)
		}
		// 4 units for 10 min and 2 for another 10: an hour of a Spot unit, at the stage's share of 0.4 of m5a.xlarge.
		unit := 0.172*0.4 + 0.172/4 + (15*0.08+64*0.1)/730
		c := rec.Clusters[0]
		c.Resizes = nil
		extra := rec.Run.CostUSD - rec.Run.Cost.Control - cost.OfClusters([]run.Cluster{c}, rec.Run.EndedAt).USD()
		if extra < unit*0.95 || extra > unit*1.05 {
			t.Errorf("the task units cost %f USD, want about %f; resizes %+v", extra, unit, rec.Clusters[0].Resizes)
		}
	})
}

// A resize that EMR or our budget refuses does not stand in the way of its job,
// costs no retry of the state machine, and is reported.
func TestResizeRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trouble func(w *simulation.World)
		want    string
	}{
		"throttled": {func(w *simulation.World) {
			w.EMR.FailNext("AddInstanceFleet", awsfake.Throttled())
		}, "refused: add task fleet to "},
		"EMR has a problem": {func(w *simulation.World) {
			w.EMR.FailNext("ListInstanceFleets", errors.New("connection reset"), errors.New("connection reset"), errors.New("connection reset"))
		}, "refused: list instance fleets of "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				tt.trouble(w)
				_, id := uploaded(t, w, "pipeline: single\n"+watching+"cluster: {profile: wide}\njobs: [{name: a, type: bash, source: a, resize: {task: 4}}]", nil)
				rec := w.Record(id)
				if rec.Run.State != run.Succeeded || !strings.HasPrefix(rec.Job("a").Resize, tt.want) {
					t.Errorf("run is %s, note %q", rec.Run.State, rec.Job("a").Resize)
				}
				if n := w.Result(id).Transitions; n != 9 {
					t.Errorf("%d transitions, want 9", n)
				}
			})
		})
	}
}

// Without resize no call asks for sizes.
func TestNoResizeNoCalls(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		uploaded(t, w, chain, nil)
		if got, want := sizeCalls(w), "0 looks, 0 added, 0 changed"; got != want {
			t.Errorf("%s; want %s", got, want)
		}
		for _, it := range w.DB.Items(w.Settings.ClustersTable) {
			if id := fmt.Sprint(it["pk"]); strings.Contains(id, "SIZE#") {
				t.Errorf("%s was written", id)
			}
		}
	})
}

// A pool's cluster goes on to the next run as small as it was.
func TestResizeLeavesPoolAsItWas(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		_, id := uploaded(t, w, "pipeline: pooled\n"+watching+"cluster: {profile: wide, pool: p}\njobs: [{name: a, type: bash, source: a, resize: {task: 4}}]", nil)
		rec := w.Record(id)
		if rec.Run.State != run.Succeeded || rec.Job("a").Resize != "4 task units" {
			t.Fatalf("run is %s, note %q", rec.Run.State, rec.Job("a").Resize)
		}
		time.Sleep(3 * time.Minute)
		if got := taskUnits(w); got != "0 of 0" {
			t.Errorf("the pool's cluster has %s task units", got)
		}
		if got, want := sizeCalls(w), "1 looks, 1 added, 1 changed"; got != want {
			t.Errorf("%s; want %s", got, want)
		}
	})
}
