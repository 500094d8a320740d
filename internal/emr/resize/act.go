package resize

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/profile"
)

// FleetsAPI is the part of EMR that changes instance fleets.
type FleetsAPI interface {
	ModifyInstanceFleet(context.Context, *emr.ModifyInstanceFleetInput, ...func(*emr.Options)) (*emr.ModifyInstanceFleetOutput, error)
	AddInstanceFleet(context.Context, *emr.AddInstanceFleetInput, ...func(*emr.Options)) (*emr.AddInstanceFleetOutput, error)
}

// ActAPI is the part of EMR that changes a cluster's size.
type ActAPI interface {
	FleetsAPI
	PutManagedScalingPolicy(context.Context, *emr.PutManagedScalingPolicyInput, ...func(*emr.Options)) (*emr.PutManagedScalingPolicyOutput, error)
	ModifyCluster(context.Context, *emr.ModifyClusterInput, ...func(*emr.Options)) (*emr.ModifyClusterOutput, error)
}

// resizeFleet asks EMR for the targets of a fleet and returns its id. EMR wants
// both targets, also the one that stays.
func resizeFleet(ctx context.Context, api FleetsAPI, id string, c Change, p *profile.Profile) (string, error) {
	if c.Fleet.ID == "" {
		return addFleet(ctx, api, id, c, p)
	}
	_, err := api.ModifyInstanceFleet(ctx, &emr.ModifyInstanceFleetInput{ClusterId: &id, InstanceFleet: &types.InstanceFleetModifyConfig{
		InstanceFleetId: &c.Fleet.ID, TargetOnDemandCapacity: toInt32(&c.OnDemand), TargetSpotCapacity: toInt32(&c.Spot),
	}})
	if err != nil {
		return c.Fleet.ID, fmt.Errorf("modify instance fleet %s of %s: %w", c.Fleet.ID, id, err)
	}
	return c.Fleet.ID, nil
}

// addFleet gives a cluster its task fleet. EMR has no token for that, but takes
// one task fleet only: asking again does no harm.
func addFleet(ctx context.Context, api FleetsAPI, id string, c Change, p *profile.Profile) (string, error) {
	shape := profile.Fleet{Types: c.Fleet.Types}
	if p != nil && p.Task != nil {
		shape = *p.Task
	}
	shape.OnDemand, shape.Spot = c.OnDemand, c.Spot
	in := cluster.FleetConfig(types.InstanceFleetTypeTask, shape)
	if len(c.Fleet.types) > 0 {
		in.InstanceTypeConfigs = c.Fleet.types
	}
	if spot := in.LaunchSpecifications.SpotSpecification; spot != nil {
		spot.TimeoutAction = types.SpotProvisioningTimeoutActionSwitchToOnDemand // a cluster that works must not end over it
	}
	out, err := api.AddInstanceFleet(ctx, &emr.AddInstanceFleetInput{ClusterId: &id, InstanceFleet: &in}, once)
	if err != nil {
		return "", fmt.Errorf("add task fleet to %s: %w", id, err)
	}
	return aws.ToString(out.InstanceFleetId), nil
}

func once(o *emr.Options) { o.RetryMaxAttempts = 1 }

func putLimits(ctx context.Context, api ActAPI, id string, l Limits) error {
	_, err := api.PutManagedScalingPolicy(ctx, &emr.PutManagedScalingPolicyInput{ClusterId: &id, ManagedScalingPolicy: &types.ManagedScalingPolicy{
		ComputeLimits: &types.ComputeLimits{
			UnitType: l.Unit, MinimumCapacityUnits: toInt32(&l.Min), MaximumCapacityUnits: toInt32(&l.Max),
			MaximumCoreCapacityUnits: toInt32(l.MaxCore), MaximumOnDemandCapacityUnits: toInt32(l.MaxOnDemand),
		},
	}})
	if err != nil {
		return fmt.Errorf("put managed scaling on %s: %w", id, err)
	}
	return nil
}

func setSteps(ctx context.Context, api ActAPI, id string, n int) error {
	if _, err := api.ModifyCluster(ctx, &emr.ModifyClusterInput{ClusterId: &id, StepConcurrencyLevel: toInt32(&n)}); err != nil {
		return fmt.Errorf("set step concurrency of %s: %w", id, err)
	}
	return nil
}
