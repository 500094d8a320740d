package simulation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/emr"
)

func (c client) ListInstanceFleets(ctx context.Context, in *emr.ListInstanceFleetsInput, o ...func(*emr.Options)) (*emr.ListInstanceFleetsOutput, error) {
	c.count("ListInstanceFleets")
	return c.EMR.ListInstanceFleets(ctx, in, o...)
}

func (c client) ModifyInstanceFleet(ctx context.Context, in *emr.ModifyInstanceFleetInput, o ...func(*emr.Options)) (*emr.ModifyInstanceFleetOutput, error) {
	c.count("ModifyInstanceFleet")
	return c.EMR.ModifyInstanceFleet(ctx, in, o...)
}

func (c client) AddInstanceFleet(ctx context.Context, in *emr.AddInstanceFleetInput, o ...func(*emr.Options)) (*emr.AddInstanceFleetOutput, error) {
	c.count("AddInstanceFleet")
	return c.EMR.AddInstanceFleet(ctx, in, o...)
}

func (c client) GetManagedScalingPolicy(ctx context.Context, in *emr.GetManagedScalingPolicyInput, o ...func(*emr.Options)) (*emr.GetManagedScalingPolicyOutput, error) {
	c.count("GetManagedScalingPolicy")
	return c.EMR.GetManagedScalingPolicy(ctx, in, o...)
}

func (c client) PutManagedScalingPolicy(ctx context.Context, in *emr.PutManagedScalingPolicyInput, o ...func(*emr.Options)) (*emr.PutManagedScalingPolicyOutput, error) {
	c.count("PutManagedScalingPolicy")
	return c.EMR.PutManagedScalingPolicy(ctx, in, o...)
}

func (c client) ModifyCluster(ctx context.Context, in *emr.ModifyClusterInput, o ...func(*emr.Options)) (*emr.ModifyClusterOutput, error) {
	c.count("ModifyCluster")
	return c.EMR.ModifyCluster(ctx, in, o...)
}
