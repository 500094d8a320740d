package cluster_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/proof/awsfake"
)

// EMR cancels 100 steps in one call.
func TestKillMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := awsfake.NewEMR(awsfake.EMRConfig{})
		defer f.Close()
		in := awsfake.ClusterRequest("many")
		in.Steps = slices.Repeat([]types.StepConfig{{Name: new("s"), HadoopJarStep: &types.HadoopJarStepConfig{Jar: new("x.jar")}}}, 120)
		out, err := f.RunJobFlow(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, s := range f.Steps(*out.JobFlowId) {
			ids = append(ids, *s.Id)
		}
		if err := cluster.Kill(t.Context(), f, *out.JobFlowId, ids); err != nil {
			t.Fatal(err)
		}
		left, err := f.ListSteps(t.Context(), &emr.ListStepsInput{ClusterId: out.JobFlowId, StepStates: []types.StepState{types.StepStatePending}})
		if err != nil || len(left.Steps) > 0 {
			t.Errorf("%d steps are left, %v", len(left.Steps), err)
		}
	})
}
