package emrapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/awsapi"
)

// Operations are EMR's operations without its client: see package awsapi.
type Operations struct {
	runJobFlow               awsapi.Operation[emr.RunJobFlowInput, emr.RunJobFlowOutput, emr.Options]
	listClusters             awsapi.Operation[emr.ListClustersInput, emr.ListClustersOutput, emr.Options]
	describeCluster          awsapi.Operation[emr.DescribeClusterInput, emr.DescribeClusterOutput, emr.Options]
	addJobFlowSteps          awsapi.Operation[emr.AddJobFlowStepsInput, emr.AddJobFlowStepsOutput, emr.Options]
	listSteps                awsapi.Operation[emr.ListStepsInput, emr.ListStepsOutput, emr.Options]
	cancelSteps              awsapi.Operation[emr.CancelStepsInput, emr.CancelStepsOutput, emr.Options]
	terminateJobFlows        awsapi.Operation[emr.TerminateJobFlowsInput, emr.TerminateJobFlowsOutput, emr.Options]
	setTerminationProtection awsapi.Operation[emr.SetTerminationProtectionInput, emr.SetTerminationProtectionOutput, emr.Options]
	listInstanceFleets       awsapi.Operation[emr.ListInstanceFleetsInput, emr.ListInstanceFleetsOutput, emr.Options]
	modifyInstanceFleet      awsapi.Operation[emr.ModifyInstanceFleetInput, emr.ModifyInstanceFleetOutput, emr.Options]
	addInstanceFleet         awsapi.Operation[emr.AddInstanceFleetInput, emr.AddInstanceFleetOutput, emr.Options]
	getManagedScalingPolicy  awsapi.Operation[emr.GetManagedScalingPolicyInput, emr.GetManagedScalingPolicyOutput, emr.Options]
	putManagedScalingPolicy  awsapi.Operation[emr.PutManagedScalingPolicyInput, emr.PutManagedScalingPolicyOutput, emr.Options]
	modifyCluster            awsapi.Operation[emr.ModifyClusterInput, emr.ModifyClusterOutput, emr.Options]
}

// NewOperations returns the operations of a client of cfg, without the call
// budget: New adds that.
func NewOperations(cfg aws.Config) *Operations {
	c := emr.NewFromConfig(cfg)
	return &Operations{
		runJobFlow:               c.RunJobFlow,
		listClusters:             c.ListClusters,
		describeCluster:          c.DescribeCluster,
		addJobFlowSteps:          c.AddJobFlowSteps,
		listSteps:                c.ListSteps,
		cancelSteps:              c.CancelSteps,
		terminateJobFlows:        c.TerminateJobFlows,
		setTerminationProtection: c.SetTerminationProtection,
		listInstanceFleets:       c.ListInstanceFleets,
		modifyInstanceFleet:      c.ModifyInstanceFleet,
		addInstanceFleet:         c.AddInstanceFleet,
		getManagedScalingPolicy:  c.GetManagedScalingPolicy,
		putManagedScalingPolicy:  c.PutManagedScalingPolicy,
		modifyCluster:            c.ModifyCluster,
	}
}

// RunJobFlow creates a cluster.
func (a *Operations) RunJobFlow(ctx context.Context, in *emr.RunJobFlowInput, o ...func(*emr.Options)) (*emr.RunJobFlowOutput, error) {
	return a.runJobFlow(ctx, in, o...)
}

// ListClusters lists clusters, 50 a page.
func (a *Operations) ListClusters(ctx context.Context, in *emr.ListClustersInput, o ...func(*emr.Options)) (*emr.ListClustersOutput, error) {
	return a.listClusters(ctx, in, o...)
}

// DescribeCluster describes a cluster.
func (a *Operations) DescribeCluster(ctx context.Context, in *emr.DescribeClusterInput, o ...func(*emr.Options)) (*emr.DescribeClusterOutput, error) {
	return a.describeCluster(ctx, in, o...)
}

// AddJobFlowSteps adds steps to a cluster.
func (a *Operations) AddJobFlowSteps(ctx context.Context, in *emr.AddJobFlowStepsInput, o ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error) {
	return a.addJobFlowSteps(ctx, in, o...)
}

// ListSteps lists the steps of a cluster, 50 a page.
func (a *Operations) ListSteps(ctx context.Context, in *emr.ListStepsInput, o ...func(*emr.Options)) (*emr.ListStepsOutput, error) {
	return a.listSteps(ctx, in, o...)
}

// CancelSteps cancels pending and running steps.
func (a *Operations) CancelSteps(ctx context.Context, in *emr.CancelStepsInput, o ...func(*emr.Options)) (*emr.CancelStepsOutput, error) {
	return a.cancelSteps(ctx, in, o...)
}

// TerminateJobFlows terminates up to 10 clusters.
func (a *Operations) TerminateJobFlows(ctx context.Context, in *emr.TerminateJobFlowsInput, o ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error) {
	return a.terminateJobFlows(ctx, in, o...)
}

// SetTerminationProtection protects clusters from termination, or ends that.
func (a *Operations) SetTerminationProtection(
	ctx context.Context, in *emr.SetTerminationProtectionInput, o ...func(*emr.Options),
) (*emr.SetTerminationProtectionOutput, error) {
	return a.setTerminationProtection(ctx, in, o...)
}

// ListInstanceFleets lists the fleets of a cluster.
func (a *Operations) ListInstanceFleets(ctx context.Context, in *emr.ListInstanceFleetsInput, o ...func(*emr.Options)) (*emr.ListInstanceFleetsOutput, error) {
	return a.listInstanceFleets(ctx, in, o...)
}

// ModifyInstanceFleet sets the target capacities of a fleet.
func (a *Operations) ModifyInstanceFleet(ctx context.Context, in *emr.ModifyInstanceFleetInput, o ...func(*emr.Options)) (*emr.ModifyInstanceFleetOutput, error) {
	return a.modifyInstanceFleet(ctx, in, o...)
}

// AddInstanceFleet adds a task fleet to a cluster.
func (a *Operations) AddInstanceFleet(ctx context.Context, in *emr.AddInstanceFleetInput, o ...func(*emr.Options)) (*emr.AddInstanceFleetOutput, error) {
	return a.addInstanceFleet(ctx, in, o...)
}

// GetManagedScalingPolicy returns the managed scaling policy of a cluster, if it has one.
func (a *Operations) GetManagedScalingPolicy(ctx context.Context, in *emr.GetManagedScalingPolicyInput, o ...func(*emr.Options)) (*emr.GetManagedScalingPolicyOutput, error) {
	return a.getManagedScalingPolicy(ctx, in, o...)
}

// PutManagedScalingPolicy sets the managed scaling policy of a cluster.
func (a *Operations) PutManagedScalingPolicy(ctx context.Context, in *emr.PutManagedScalingPolicyInput, o ...func(*emr.Options)) (*emr.PutManagedScalingPolicyOutput, error) {
	return a.putManagedScalingPolicy(ctx, in, o...)
}

// ModifyCluster sets how many steps may run concurrently.
func (a *Operations) ModifyCluster(ctx context.Context, in *emr.ModifyClusterInput, o ...func(*emr.Options)) (*emr.ModifyClusterOutput, error) {
	return a.modifyCluster(ctx, in, o...)
}
