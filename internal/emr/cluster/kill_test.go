package cluster_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/step"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// crowd is an EMR with a cluster of so many steps.
func crowd(t *testing.T, n int) (f *awsfake.EMR, clusterID string, ids []string) {
	t.Helper()
	f = awsfake.NewEMR(awsfake.EMRConfig{})
	in := awsfake.ClusterRequest("many")
	in.Steps = slices.Repeat([]types.StepConfig{{Name: new("s"), HadoopJarStep: &types.HadoopJarStepConfig{Jar: new("x.jar")}}}, n)
	out, err := f.RunJobFlow(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Steps(*out.JobFlowId) {
		ids = append(ids, *s.Id)
	}
	return f, *out.JobFlowId, ids
}

// EMR cancels 100 steps in one call: both ways to cancel steps know it, and one
// step that EMR does not know any more does not keep the others running.
func TestCancelMany(t *testing.T) {
	t.Parallel()
	for name, cancel := range map[string]func(t *testing.T, f *awsfake.EMR, clusterID string, ids []string) error{
		"killed, of a lease": func(t *testing.T, f *awsfake.EMR, clusterID string, ids []string) error {
			t.Helper()
			return cluster.Kill(t.Context(), f, clusterID, ids)
		},
		"stopped, of a run": func(t *testing.T, f *awsfake.EMR, clusterID string, ids []string) error {
			t.Helper()
			rec := &run.Record{Clusters: []run.Cluster{{ID: clusterID}}}
			for i, id := range ids {
				rec.Jobs = append(rec.Jobs, run.Job{Name: fmt.Sprint(i), State: run.JobRunning, ClusterID: clusterID, StepID: id})
			}
			return (&step.Steps{EMR: f}).Stop(t.Context(), rec, false)
		},
	} {
		for what, more := range map[string][]string{"": nil, ", one unknown": {"s-0000000GONE"}} {
			t.Run(name+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f, clusterID, ids := crowd(t, 120)
					defer f.Close()
					if err := cancel(t, f, clusterID, append(ids, more...)); err != nil {
						t.Fatal(err)
					}
					left, err := f.ListSteps(t.Context(), &emr.ListStepsInput{ClusterId: &clusterID, StepStates: []types.StepState{types.StepStatePending}})
					if err != nil || len(left.Steps) > 0 {
						t.Errorf("%d steps are left, %v", len(left.Steps), err)
					}
				})
			})
		}
	}
}

// Steps that have ended, and clusters that are not known, are no error.
func TestCancelWhatIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, clusterID, ids := crowd(t, 2)
		defer f.Close()
		for _, id := range []string{clusterID, clusterID, "j-0000000GONE"} {
			if err := cluster.Kill(t.Context(), f, id, ids); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		if n := f.Calls("CancelSteps"); n != 3 {
			t.Errorf("%d calls", n)
		}
	})
}
