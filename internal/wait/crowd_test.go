package wait_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Clusters of others in the account do not keep the tick from looking at all
// waiters: no more than three ticks pass, with EMR's own call budget.
func TestClustersOfOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		ended, active int // clusters of others
		runs          int
	}{
		{"3,000 that have ended", 3000, 0, 40},
		{"hundreds that are active", 500, 400, 40},
		{"few runs among hundreds", 500, 400, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(simulation.Config{EventDelays: noEvents, Starting: 10 * time.Minute, Settings: func(s *stage.Settings) {
					s.Limits.MaxActive, s.Limits.PipelineMaxActive = tt.runs, tt.runs
					s.Limits.ClusterProvision = pipeline.Duration(15 * time.Minute)
				}})
				defer w.Close()
				others(t, w, tt.ended, tt.active)
				w.Apply(one)
				for i := range tt.runs {
					w.Upload(fmt.Sprintf("in/%d.csv", i))
				}
				for ready(w) < tt.runs {
					time.Sleep(30 * time.Second)
				}
				time.Sleep(3 * time.Minute) // three ticks
				for _, id := range w.RunIDs() {
					if x := w.Record(id).Waiter; x != nil && x.Kind == run.ForCluster {
						t.Errorf("run %s still waits for its cluster, which has been ready for minutes", id)
					}
				}
				if err := w.Errors(); len(err) > 0 {
					t.Errorf("functions failed: %v", err)
				}
			})
		})
	}
}

// ready counts the runs whose cluster is ready.
func ready(w *simulation.World) (n int) {
	for _, id := range w.RunIDs() {
		if c := w.Record(id).Cluster(); c != nil && !c.CreatedAt.IsZero() && time.Since(c.CreatedAt) > 13*time.Minute {
			n++
		}
	}
	return n
}

// others makes clusters that are not the stage's.
func others(t *testing.T, w *simulation.World, ended, active int) {
	t.Helper()
	for i := range ended + active {
		out, err := w.EMR.RunJobFlow(t.Context(), awsfake.ClusterRequest("other"))
		if err == nil && i < ended {
			_, err = w.EMR.TerminateJobFlows(t.Context(), &emr.TerminateJobFlowsInput{JobFlowIds: []string{*out.JobFlowId}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(10 * time.Minute) // until those have ended
}
