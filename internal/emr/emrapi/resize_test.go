package emrapi_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/stage"
)

// What resizes pays from the bucket of its own name, also when EMR refuses it.
func TestResizeCallsArePaid(t *testing.T) {
	t.Parallel()
	ctx, id := context.Background(), "j-X"
	call := func(_ any, err error) error { return err }
	calls := map[string]func(c *emrapi.Client) error{
		"ListInstanceFleets": func(c *emrapi.Client) error {
			return call(c.ListInstanceFleets(ctx, &emr.ListInstanceFleetsInput{ClusterId: &id}))
		},
		"ModifyInstanceFleet": func(c *emrapi.Client) error {
			return call(c.ModifyInstanceFleet(ctx, &emr.ModifyInstanceFleetInput{ClusterId: &id, InstanceFleet: &types.InstanceFleetModifyConfig{}}))
		},
		"AddInstanceFleet": func(c *emrapi.Client) error {
			return call(c.AddInstanceFleet(ctx, &emr.AddInstanceFleetInput{ClusterId: &id, InstanceFleet: &types.InstanceFleetConfig{}}))
		},
		"GetManagedScalingPolicy": func(c *emrapi.Client) error {
			return call(c.GetManagedScalingPolicy(ctx, &emr.GetManagedScalingPolicyInput{ClusterId: &id}))
		},
		"PutManagedScalingPolicy": func(c *emrapi.Client) error {
			return call(c.PutManagedScalingPolicy(ctx, &emr.PutManagedScalingPolicyInput{ClusterId: &id, ManagedScalingPolicy: &types.ManagedScalingPolicy{}}))
		},
		"ModifyCluster": func(c *emrapi.Client) error {
			return call(c.ModifyCluster(ctx, &emr.ModifyClusterInput{ClusterId: &id}))
		},
	}
	for api, do := range calls {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := awsfake.NewEMR(awsfake.EMRConfig{})
				defer f.Close()
				c := emrapi.New(f, table(), settings(stage.Buckets{api: {Burst: 1, PerSecond: 0.5}}))
				if err := do(c); fault.NameOf(err) != fault.InvalidInput {
					t.Errorf("EMR's answer: %v", err)
				}
				if err := do(c); fault.NameOf(err) != fault.Throttled || !strings.Contains(err.Error(), "budget for "+api+" is used up") {
					t.Errorf("second call: %v", err)
				}
				if n := f.Calls(api); n != 1 {
					t.Errorf("%d calls reached EMR, want 1", n)
				}
			})
		})
	}
}
