package emrapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/emr"
)

// ResizeAPI is the part of EMR that looks at the instances of a cluster and
// changes them.
type ResizeAPI interface {
	ListInstanceFleets(context.Context, *emr.ListInstanceFleetsInput, ...func(*emr.Options)) (*emr.ListInstanceFleetsOutput, error)
	ModifyInstanceFleet(context.Context, *emr.ModifyInstanceFleetInput, ...func(*emr.Options)) (*emr.ModifyInstanceFleetOutput, error)
	AddInstanceFleet(context.Context, *emr.AddInstanceFleetInput, ...func(*emr.Options)) (*emr.AddInstanceFleetOutput, error)
	GetManagedScalingPolicy(context.Context, *emr.GetManagedScalingPolicyInput, ...func(*emr.Options)) (*emr.GetManagedScalingPolicyOutput, error)
	PutManagedScalingPolicy(context.Context, *emr.PutManagedScalingPolicyInput, ...func(*emr.Options)) (*emr.PutManagedScalingPolicyOutput, error)
	ModifyCluster(context.Context, *emr.ModifyClusterInput, ...func(*emr.Options)) (*emr.ModifyClusterOutput, error)
}

// ListInstanceFleets lists the fleets of a cluster.
func (c *Client) ListInstanceFleets(ctx context.Context, in *emr.ListInstanceFleetsInput, o ...func(*emr.Options)) (*emr.ListInstanceFleetsOutput, error) {
	return paid(ctx, c, "ListInstanceFleets", c.emr.ListInstanceFleets, in, o)
}

// ModifyInstanceFleet sets the targets of a fleet; both must be given.
func (c *Client) ModifyInstanceFleet(ctx context.Context, in *emr.ModifyInstanceFleetInput, o ...func(*emr.Options)) (*emr.ModifyInstanceFleetOutput, error) {
	return paid(ctx, c, "ModifyInstanceFleet", c.emr.ModifyInstanceFleet, in, o)
}

// AddInstanceFleet gives a cluster its task fleet.
func (c *Client) AddInstanceFleet(ctx context.Context, in *emr.AddInstanceFleetInput, o ...func(*emr.Options)) (*emr.AddInstanceFleetOutput, error) {
	return paid(ctx, c, "AddInstanceFleet", c.emr.AddInstanceFleet, in, o)
}

// GetManagedScalingPolicy returns the limits between which EMR scales a cluster, if there are any.
func (c *Client) GetManagedScalingPolicy(ctx context.Context, in *emr.GetManagedScalingPolicyInput, o ...func(*emr.Options)) (*emr.GetManagedScalingPolicyOutput, error) {
	return paid(ctx, c, "GetManagedScalingPolicy", c.emr.GetManagedScalingPolicy, in, o)
}

// PutManagedScalingPolicy sets these limits.
func (c *Client) PutManagedScalingPolicy(ctx context.Context, in *emr.PutManagedScalingPolicyInput, o ...func(*emr.Options)) (*emr.PutManagedScalingPolicyOutput, error) {
	return paid(ctx, c, "PutManagedScalingPolicy", c.emr.PutManagedScalingPolicy, in, o)
}

// ModifyCluster sets how many steps may run side by side.
func (c *Client) ModifyCluster(ctx context.Context, in *emr.ModifyClusterInput, o ...func(*emr.Options)) (*emr.ModifyClusterOutput, error) {
	return paid(ctx, c, "ModifyCluster", c.emr.ModifyCluster, in, o)
}
