package resize

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// LookAPI is the part of EMR that says how large a cluster is.
type LookAPI interface {
	DescribeCluster(context.Context, *emr.DescribeClusterInput, ...func(*emr.Options)) (*emr.DescribeClusterOutput, error)
	ListInstanceFleets(context.Context, *emr.ListInstanceFleetsInput, ...func(*emr.Options)) (*emr.ListInstanceFleetsOutput, error)
	GetManagedScalingPolicy(context.Context, *emr.GetManagedScalingPolicyInput, ...func(*emr.Options)) (*emr.GetManagedScalingPolicyOutput, error)
}

// Look asks EMR about a cluster and its fleets. The limits of managed scaling are
// another call.
func Look(ctx context.Context, api LookAPI, id string) (Cluster, error) {
	c := Cluster{ID: id}
	out, err := api.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &id})
	if cluster.IsNotOurs(err) {
		return c, fault.New(fault.InvalidInput, "cluster %s is not known in this account and Region, or belongs to another stage", id)
	}
	if err != nil {
		return c, fmt.Errorf("describe cluster %s: %w", id, err)
	}
	c.read(out.Cluster)
	if out.Cluster.InstanceCollectionType == types.InstanceCollectionTypeInstanceGroup {
		return c, fault.New(fault.InvalidInput, "cluster %s consists of instance groups: only clusters of instance fleets can be resized", id)
	}
	c.Fleets, err = fleets(ctx, api, id)
	return c, err
}

func (c *Cluster) read(x *types.Cluster) {
	c.Release, c.Steps = aws.ToString(x.ReleaseLabel), int(aws.ToInt32(x.StepConcurrencyLevel))
	if s := x.Status; s != nil {
		c.State = s.State
		if s.StateChangeReason != nil {
			c.Reason = aws.ToString(s.StateChangeReason.Message)
		}
	}
	c.Stage = cluster.Tag(x.Tags, cluster.TagStage)
}

// FleetAPI is the part of EMR that lists instance fleets.
type FleetAPI interface {
	ListInstanceFleets(context.Context, *emr.ListInstanceFleetsInput, ...func(*emr.Options)) (*emr.ListInstanceFleetsOutput, error)
}

func fleets(ctx context.Context, api FleetAPI, id string) ([]Fleet, error) {
	var all []Fleet
	for p := emr.NewListInstanceFleetsPaginator(api, &emr.ListInstanceFleetsInput{ClusterId: &id}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list instance fleets of %s: %w", id, err)
		}
		for _, x := range page.InstanceFleets {
			all = append(all, ofFleet(x))
		}
	}
	return all, nil
}

func ofFleet(x types.InstanceFleet) Fleet {
	f := Fleet{
		ID: aws.ToString(x.Id), Kind: kindOf(string(x.InstanceFleetType)), Weight: 1,
		OnDemand: int(aws.ToInt32(x.TargetOnDemandCapacity)), Spot: int(aws.ToInt32(x.TargetSpotCapacity)),
		HasOnDemand: int(aws.ToInt32(x.ProvisionedOnDemandCapacity)), HasSpot: int(aws.ToInt32(x.ProvisionedSpotCapacity)),
		BuysSpot: x.LaunchSpecifications != nil && x.LaunchSpecifications.SpotSpecification != nil,
	}
	if s := x.Status; s != nil {
		f.State = string(s.State)
		if s.StateChangeReason != nil {
			f.Reason = aws.ToString(s.StateChangeReason.Message)
		}
	}
	for _, t := range x.InstanceTypeSpecifications {
		f.Types = append(f.Types, aws.ToString(t.InstanceType))
		f.Weight = max(f.Weight, int(aws.ToInt32(t.WeightedCapacity)))
		f.types = append(f.types, like(t))
	}
	return f
}

// like is the configuration that an instance type of a fleet was made from.
func like(t types.InstanceTypeSpecification) types.InstanceTypeConfig {
	c := types.InstanceTypeConfig{
		InstanceType: t.InstanceType, WeightedCapacity: t.WeightedCapacity, Configurations: t.Configurations, CustomAmiId: t.CustomAmiId,
		BidPrice: t.BidPrice, BidPriceAsPercentageOfOnDemandPrice: t.BidPriceAsPercentageOfOnDemandPrice,
	}
	for _, d := range t.EbsBlockDevices {
		if c.EbsConfiguration == nil {
			c.EbsConfiguration = &types.EbsConfiguration{EbsOptimized: t.EbsOptimized}
		}
		c.EbsConfiguration.EbsBlockDeviceConfigs = append(c.EbsConfiguration.EbsBlockDeviceConfigs, types.EbsBlockDeviceConfig{VolumeSpecification: d.VolumeSpecification})
	}
	return c
}

// kindOf is our word for EMR's.
func kindOf(emrType string) string {
	return map[string]string{"MASTER": run.Primary, "CORE": run.Core, "TASK": run.Task}[emrType]
}

// limitsOf asks for the limits of managed scaling; nil = there are none.
func limitsOf(ctx context.Context, api LookAPI, id string) (*Limits, error) {
	out, err := api.GetManagedScalingPolicy(ctx, &emr.GetManagedScalingPolicyInput{ClusterId: &id})
	if err != nil {
		return nil, fmt.Errorf("get managed scaling of %s: %w", id, err)
	}
	if out.ManagedScalingPolicy == nil || out.ManagedScalingPolicy.ComputeLimits == nil {
		return nil, nil //nolint:nilnil // none is an answer
	}
	l := out.ManagedScalingPolicy.ComputeLimits
	return &Limits{
		Min: int(aws.ToInt32(l.MinimumCapacityUnits)), Max: int(aws.ToInt32(l.MaximumCapacityUnits)),
		MaxCore: toInt(l.MaximumCoreCapacityUnits), MaxOnDemand: toInt(l.MaximumOnDemandCapacityUnits), Unit: l.UnitType,
	}, nil
}

func toInt(n *int32) *int {
	if n == nil {
		return nil
	}
	return new(int(*n))
}

func toInt32(n *int) *int32 {
	if n == nil {
		return nil
	}
	return new(int32(*n)) //nolint:gosec // units of a cluster
}
