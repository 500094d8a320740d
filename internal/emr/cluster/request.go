package cluster

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/pool"
	"ephemr/internal/profile"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Tags that every cluster carries, so that sweep and the bill know its owner.
const (
	TagRun      = "ephemr:run"      // that made it
	TagDeadline = "ephemr:deadline" // RFC 3339; later it is terminated, or if it is a pool's takes no more runs
	TagStage    = "ephemr:stage"
	TagPipeline = "ephemr:pipeline"
	TagOwner    = "ephemr:owner"
	TagPool     = "ephemr:pool"                              // team/name
	tagManaged  = "for-use-with-amazon-emr-managed-policies" // what AmazonEMRServicePolicy_v2 asks for
)

// request is the RunJobFlow call for an attempt with its fallback of the profile.
func (m *Manager) request(rec *run.Record, a run.Cluster, s shape) *emr.RunJobFlowInput {
	with := m.placement(a, s).terms(rec, a)
	with.tags = tags(m.Settings, rec, s.profile, a.Pool)
	with.tags[TagDeadline] = with.until.UTC().Format(time.RFC3339)
	in := request(m.Settings, a.Name, s.profile.Rung(a.Rung), with)
	in.JobFlowRole = &s.instances
	if s.network != nil {
		within(in.Instances, *s.network)
	}
	return in
}

// within places a cluster in the stage's network: in the subnets that the profile names, or in all.
func within(in *types.JobFlowInstancesConfig, n stage.Network) {
	if len(in.Ec2SubnetIds) == 0 {
		in.Ec2SubnetIds = n.Subnets
	}
	in.EmrManagedMasterSecurityGroup, in.EmrManagedSlaveSecurityGroup, in.ServiceAccessSecurityGroup = &n.Primary, &n.Core, &n.ServiceAccess
}

// patience is how much longer than its keepAlive EMR lets a pool's cluster idle:
// sweep ends it before. A cluster seems idle to EMR from a step's end until the
// next is submitted, and its run must not lose it then.
const patience = 5 * time.Minute

// terms are what clusters of a profile differ in.
type terms struct {
	steps int           // side by side
	idle  time.Duration // until EMR ends it by itself
	until time.Time     // the deadline in its tags
	tags  map[string]string
}

func request(s stage.Settings, name string, p profile.Profile, with terms) *emr.RunJobFlowInput {
	in := &emr.RunJobFlowInput{
		Name:                  &name,
		ReleaseLabel:          &p.Release,
		LogUri:                aws.String("s3://" + s.LogsBucket + "/emr/"),
		ServiceRole:           &s.ServiceRole,
		StepConcurrencyLevel:  aws.Int32(int32(with.steps)), //nolint:gosec // 1..256 by validation
		VisibleToAllUsers:     aws.Bool(true),
		AutoTerminationPolicy: &types.AutoTerminationPolicy{IdleTimeout: aws.Int64(int64(with.idle.Seconds()))},
		Configurations:        configurations(p.AllConfigurations()),
		Instances: &types.JobFlowInstancesConfig{
			KeepJobFlowAliveWhenNoSteps: aws.Bool(true),
			TerminationProtected:        aws.Bool(false),
			Ec2SubnetIds:                p.Subnets,
		},
		BootstrapActions: bootstrap(s, p),
		Tags:             sortedTags(with.tags),
	}
	if p.RootGiB > 0 {
		in.EbsRootVolumeSize = aws.Int32(int32(p.RootGiB)) //nolint:gosec // 15..100 by validation
	}
	if p.Image != "" {
		in.CustomAmiId = &p.Image
	}
	if p.Scaling != nil {
		in.ManagedScalingPolicy = scaling(*p.Scaling)
	}
	if p.SecurityConfig != "" {
		in.SecurityConfiguration = &p.SecurityConfig
	}
	for _, name := range p.Applications {
		in.Applications = append(in.Applications, types.Application{Name: &name})
	}
	in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, FleetConfig(types.InstanceFleetTypeMaster, p.Primary))
	if p.Core != nil {
		in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, FleetConfig(types.InstanceFleetTypeCore, *p.Core))
	}
	if p.Task != nil && p.Task.Units() > 0 {
		in.Instances.InstanceFleets = append(in.Instances.InstanceFleets, FleetConfig(types.InstanceFleetTypeTask, *p.Task))
	}
	return in
}

func scaling(s profile.Scaling) *types.ManagedScalingPolicy {
	limits := &types.ComputeLimits{UnitType: types.ComputeLimitsUnitTypeInstanceFleetUnits}
	for _, limit := range []struct {
		from *int
		to   **int32
	}{{&s.Min, &limits.MinimumCapacityUnits}, {&s.Max, &limits.MaximumCapacityUnits}, {s.MaxCore, &limits.MaximumCoreCapacityUnits}, {s.MaxOnDemand, &limits.MaximumOnDemandCapacityUnits}} {
		if limit.from != nil {
			*limit.to = aws.Int32(int32(*limit.from)) //nolint:gosec // at most the units of a cluster
		}
	}
	return &types.ManagedScalingPolicy{ComputeLimits: limits}
}

func configurations(cs []profile.Configuration) []types.Configuration {
	var out []types.Configuration
	for _, c := range cs {
		out = append(out, types.Configuration{
			Classification: &c.Classification, Properties: c.Properties, Configurations: configurations(c.Configurations),
		})
	}
	return out
}

// bootstrap installs the runner first and then what the profile asks for.
func bootstrap(s stage.Settings, p profile.Profile) []types.BootstrapActionConfig {
	var args []string
	for _, machine := range slices.Sorted(maps.Keys(s.Runners)) {
		args = append(args, machine+"="+s.Runners[machine])
	}
	actions := []types.BootstrapActionConfig{{
		Name:                  aws.String("install runner"),
		ScriptBootstrapAction: &types.ScriptBootstrapActionConfig{Path: &s.Bootstrap, Args: args},
	}}
	for _, b := range p.Bootstrap {
		script := &types.ScriptBootstrapActionConfig{Path: &b.Path, Args: b.Args}
		if b.SHA256 != "" { // the stage's own script downloads, verifies and executes it
			script = &types.ScriptBootstrapActionConfig{Path: &s.Bootstrap, Args: append([]string{"--verify", b.SHA256, b.Path}, b.Args...)}
		}
		actions = append(actions, types.BootstrapActionConfig{Name: &b.Name, ScriptBootstrapAction: script})
	}
	return actions
}

func tags(s stage.Settings, rec *run.Record, p profile.Profile, poolName string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, p.Tags)
	maps.Copy(all, map[string]string{
		TagRun: rec.Run.ID, TagStage: s.Stage, TagPipeline: rec.Run.Pipeline, tagManaged: "true",
	})
	if rec.Run.Owner != "" {
		all[TagOwner] = rec.Run.Owner
	}
	if poolName != "" {
		all[TagPool] = pool.ID{Team: rec.Run.PoolOwner(), Name: poolName}.String()
	}
	return all
}

func sortedTags(all map[string]string) []types.Tag {
	var out []types.Tag
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out = append(out, types.Tag{Key: &k, Value: aws.String(all[k])})
	}
	return out
}

// Tag returns the value of a tag, or "".
func Tag(tags []types.Tag, key string) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// FleetConfig is f as EMR makes it.
func FleetConfig(kind types.InstanceFleetType, f profile.Fleet) types.InstanceFleetConfig {
	out := types.InstanceFleetConfig{
		Name:                   aws.String(string(kind)),
		InstanceFleetType:      kind,
		TargetOnDemandCapacity: aws.Int32(int32(f.OnDemand)), //nolint:gosec // a handful of instances
		TargetSpotCapacity:     aws.Int32(int32(f.Spot)),     //nolint:gosec // a handful of instances
		LaunchSpecifications: &types.InstanceFleetProvisioningSpecifications{
			OnDemandSpecification: &types.OnDemandProvisioningSpecification{
				AllocationStrategy: types.OnDemandProvisioningAllocationStrategyLowestPrice,
			},
		},
	}
	if f.Spot > 0 {
		out.LaunchSpecifications.SpotSpecification = &types.SpotProvisioningSpecification{
			AllocationStrategy:     types.SpotProvisioningAllocationStrategyPriceCapacityOptimized,
			TimeoutAction:          types.SpotProvisioningTimeoutActionTerminateCluster, // the profile's next fallback is tried then
			TimeoutDurationMinutes: aws.Int32(10),
		}
	}
	for _, name := range f.Types {
		c := types.InstanceTypeConfig{InstanceType: &name, WeightedCapacity: aws.Int32(1)}
		if f.DiskGiB > 0 {
			c.EbsConfiguration = &types.EbsConfiguration{EbsBlockDeviceConfigs: []types.EbsBlockDeviceConfig{{
				VolumeSpecification: &types.VolumeSpecification{
					VolumeType: aws.String("gp3"), SizeInGB: aws.Int32(int32(f.DiskGiB)), //nolint:gosec // EBS ends at 64 TiB
				},
			}}}
		}
		out.InstanceTypeConfigs = append(out.InstanceTypeConfigs, c)
	}
	return out
}
