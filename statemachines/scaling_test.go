package statemachines_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ephemr/internal/profile"
	"ephemr/internal/proof/simulation"
)

// EMR scales the clusters of a profile from their creation.
func TestScaling(t *testing.T) {
	t.Parallel()
	c := open()
	p := c.Profiles["open"]
	p.Scaling = &profile.Scaling{Min: 1, Max: 8, MaxCore: new(2), MaxOnDemand: new(0)}
	c.Profiles["open"] = p
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.Replace(pooled("one", "", ""), "profile: small", "profile: open", 1))
		succeeded(t, w, asks(t, w, "one")...)
		out, err := w.EMR.GetManagedScalingPolicy(t.Context(), &emr.GetManagedScalingPolicyInput{ClusterId: w.EMR.Clusters()[0].Id})
		if err != nil {
			t.Fatal(err)
		}
		want := &types.ManagedScalingPolicy{ComputeLimits: &types.ComputeLimits{
			UnitType: types.ComputeLimitsUnitTypeInstanceFleetUnits, MinimumCapacityUnits: new(int32(1)), MaximumCapacityUnits: new(int32(8)),
			MaximumCoreCapacityUnits: new(int32(2)), MaximumOnDemandCapacityUnits: new(int32(0)),
		}}
		if diff := cmp.Diff(want, out.ManagedScalingPolicy, cmpopts.IgnoreUnexported(types.ManagedScalingPolicy{}, types.ComputeLimits{})); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
