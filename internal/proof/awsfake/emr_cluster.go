package awsfake

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

type emrCluster struct {
	id, name    string
	in          emr.RunJobFlowInput
	tags        []types.Tag
	protected   bool
	keepAlive   bool
	concurrency int

	state      types.ClusterState
	code       types.ClusterStateChangeReasonCode
	message    string
	details    []types.ErrorDetail
	created    time.Time
	ready, end *time.Time
	endState   types.ClusterState // after TERMINATING

	steps   []*emrStep
	units   []*emrUnit
	scaling *types.ManagedScalingPolicy

	idleTimeout time.Duration // 0 = none
	idleSince   time.Time
	idle        *alarm
}

func (c *emrCluster) over() bool {
	switch c.state { //nolint:exhaustive // the others are not over
	case types.ClusterStateTerminating, types.ClusterStateTerminated, types.ClusterStateTerminatedWithErrors:
		return true
	}
	return false
}

func clusterARN(id string) string {
	return "arn:aws:elasticmapreduce:us-east-1:123456789012:cluster/" + id
}

func (c *emrCluster) status() *types.ClusterStatus {
	var details []types.ErrorDetail
	if c.end != nil { // not before: the documentation does not promise more
		details = slices.Clone(c.details)
	}
	return &types.ClusterStatus{
		State:             c.state,
		StateChangeReason: &types.ClusterStateChangeReason{Code: c.code, Message: aws.String(c.message)},
		ErrorDetails:      details,
		Timeline:          &types.ClusterTimeline{CreationDateTime: new(c.created), ReadyDateTime: c.ready, EndDateTime: c.end},
	}
}

func (c *emrCluster) describe() *types.Cluster {
	return &types.Cluster{
		InstanceCollectionType: types.InstanceCollectionTypeInstanceFleet,
		Id:                     new(c.id), Name: new(c.name), ClusterArn: new(clusterARN(c.id)), Status: c.status(), Tags: slices.Clone(c.tags),
		AutoTerminate: new(!c.keepAlive), TerminationProtected: new(c.protected), StepConcurrencyLevel: new(int32(c.concurrency)), //nolint:gosec // at most 256
		ReleaseLabel: c.in.ReleaseLabel, EbsRootVolumeSize: c.in.EbsRootVolumeSize, LogUri: c.in.LogUri, Applications: slices.Clone(c.in.Applications), Configurations: slices.Clone(c.in.Configurations),
		ServiceRole: c.in.ServiceRole, SecurityConfiguration: c.in.SecurityConfiguration, NormalizedInstanceHours: new(int32(0)),
		MasterPublicDnsName: new("ip-10-0-0-1.ec2.internal"),
		Ec2InstanceAttributes: &types.Ec2InstanceAttributes{
			IamInstanceProfile: c.in.JobFlowRole, Ec2AvailabilityZone: new("us-east-1a"), RequestedEc2SubnetIds: c.in.Instances.Ec2SubnetIds,
			EmrManagedMasterSecurityGroup: c.in.Instances.EmrManagedMasterSecurityGroup, EmrManagedSlaveSecurityGroup: c.in.Instances.EmrManagedSlaveSecurityGroup,
			ServiceAccessSecurityGroup: c.in.Instances.ServiceAccessSecurityGroup,
		},
	}
}

// provision moves a new cluster through STARTING and BOOTSTRAPPING.
func (f *EMR) provision(c *emrCluster) {
	f.enter(c, types.ClusterStateStarting, "", "")
	f.later(f.config.Starting, func() { f.launch(c) })
}

// launch asks EC2 for the instances of a cluster that is STARTING.
func (f *EMR) launch(c *emrCluster) {
	if c.state != types.ClusterStateStarting {
		return
	}
	if t := f.unsupportedType(c); t != "" {
		c.details = []types.ErrorDetail{{
			ErrorCode:    new("VALIDATION_ERROR_INSTANCE_TYPE_NOT_SUPPORTED"),
			ErrorMessage: new("The requested instance type " + t + " is not supported in the requested availability zone."),
			ErrorData:    []map[string]string{{"instance-types": t}, {"availability-zones": "us-east-1a"}},
		}}
		f.terminate(c, types.ClusterStateTerminatedWithErrors, types.ClusterStateChangeReasonCodeValidationError,
			"The requested instance type "+t+" is not supported in the requested availability zone."+
				" Learn more at https://docs.aws.amazon.com/console/elasticmapreduce/ERROR_noinstancetype")
		return
	}
	if u := f.missing(c); u != nil {
		f.noInstances(c, u)
		return
	}
	f.enter(c, types.ClusterStateBootstrapping, "", "")
	f.later(f.config.Bootstrapping, func() { f.bootstrapped(c) })
}

// noInstances reports that EC2 has no instances for a fleet and tries again after a
// while, for as long as it takes. Only Spot instances have a timeout.
// Source: Amazon EMR Management Guide, "Responding to Amazon EMR cluster
// insufficient instance capacity events".
func (f *EMR) noInstances(c *emrCluster, u *emrUnit) {
	f.fleetEvent(c, u)
	timeout, ok := u.spotTimeout()
	if !ok {
		f.later(f.config.Shortage, func() { f.launch(c) })
		return
	}
	if left := time.Until(c.created.Add(timeout)); left > 0 {
		f.later(min(left, f.config.Shortage), func() { f.launch(c) })
		return
	}
	instanceType := aws.ToString(u.fleet.InstanceTypeConfigs[0].InstanceType)
	c.details = []types.ErrorDetail{{
		ErrorCode:    new("INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ"),
		ErrorMessage: new("EC2 is out of capacity for " + instanceType),
		ErrorData:    []map[string]string{{"instance-type": instanceType}},
	}}
	f.terminate(c, types.ClusterStateTerminatedWithErrors, types.ClusterStateChangeReasonCodeInstanceFleetTimeout,
		"The instance fleet "+u.id+" could not be provisioned before its timeout")
}

func (f *EMR) bootstrapped(c *emrCluster) {
	if c.state != types.ClusterStateBootstrapping {
		return
	}
	if fails := f.config.BootstrapFails; fails != nil && fails(c.name) {
		c.details = []types.ErrorDetail{{
			ErrorCode: new("BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"), ErrorMessage: new("bootstrap action 1 returned a non-zero return code"),
		}}
		f.terminate(c, types.ClusterStateTerminatedWithErrors, types.ClusterStateChangeReasonCodeBootstrapFailure, "On the master instance, bootstrap action 1 returned a non-zero return code")
		return
	}
	c.ready = new(time.Now())
	if protects := f.config.Protects; protects != nil && protects(c.name) {
		c.protected = true
	}
	f.settleUnits(c)
	f.enter(c, types.ClusterStateRunning, "", "Running step")
	if dies := f.config.DiesAfter; dies != nil {
		if d := dies(c.name); d > 0 {
			f.later(d, func() { f.die(c) })
		}
	}
	f.schedule(c)
}

// settle moves a cluster without active steps to WAITING, or terminates it.
func (f *EMR) settle(c *emrCluster) {
	if !c.keepAlive {
		f.terminate(c, types.ClusterStateTerminated, types.ClusterStateChangeReasonCodeAllStepsCompleted, "Steps completed")
		return
	}
	if c.state == types.ClusterStateWaiting {
		return
	}
	message := "Cluster ready after last step completed."
	if len(c.steps) == 0 {
		message = "Cluster ready to run steps."
	}
	c.idleSince = time.Now()
	f.enter(c, types.ClusterStateWaiting, "", message)
	f.watchIdle(c)
}

// setIdle sets an auto-termination policy; its default is an hour.
func (c *emrCluster) setIdle(p *types.AutoTerminationPolicy) {
	c.idleTimeout = time.Hour
	if p != nil && p.IdleTimeout != nil {
		c.idleTimeout = time.Duration(*p.IdleTimeout) * time.Second
	}
}

// watchIdle terminates c after the idle timeout. A cluster with YARN applications
// is not idle.
// Source: Amazon EMR Management Guide, "Using an auto-termination policy".
func (f *EMR) watchIdle(c *emrCluster) {
	c.idle.stop()
	if c.idleTimeout == 0 || c.state != types.ClusterStateWaiting {
		return
	}
	c.idle = f.later(time.Until(c.idleSince.Add(c.idleTimeout)), func() {
		if len(f.applications.Living(c.name)) > 0 {
			c.idleSince = time.Now()
			f.watchIdle(c)
			return
		}
		f.terminate(c, types.ClusterStateTerminated, types.ClusterStateChangeReasonCodeAllStepsCompleted, "Cluster auto-terminated after being idle")
	})
}

// terminate terminates a cluster and its steps.
func (f *EMR) terminate(c *emrCluster, to types.ClusterState, code types.ClusterStateChangeReasonCode, message string) {
	if c.over() {
		return
	}
	c.endState = to
	f.endSteps(c, types.StepStateCancelled)
	f.enter(c, types.ClusterStateTerminating, code, message)
	f.later(f.config.Terminating, func() {
		if c.state == types.ClusterStateTerminating {
			f.finish(c)
		}
	})
}

func (f *EMR) finish(c *emrCluster) {
	c.end = new(time.Now())
	c.endUnits()
	f.applications.end(c.name)
	f.enter(c, c.endState, c.code, c.message)
}

// die ends a cluster at once, like the loss of its primary instance.
func (f *EMR) die(c *emrCluster) {
	if c.over() {
		return
	}
	f.endSteps(c, types.StepStateInterrupted)
	c.endState, c.code, c.message = types.ClusterStateTerminatedWithErrors, types.ClusterStateChangeReasonCodeInstanceFailure, "The master node was terminated"
	f.finish(c)
}

func (f *EMR) enter(c *emrCluster, state types.ClusterState, code types.ClusterStateChangeReasonCode, message string) {
	c.idle.stop()
	c.state, c.code, c.message = state, code, message
	f.clusterEvent(c)
}

func (f *EMR) newCluster(in *emr.RunJobFlowInput) *emrCluster {
	c := &emrCluster{
		id: emrID("j-", len(f.order)+1), name: aws.ToString(in.Name), in: *in, tags: slices.Clone(in.Tags), created: time.Now(),
		keepAlive: aws.ToBool(in.Instances.KeepJobFlowAliveWhenNoSteps), protected: aws.ToBool(in.Instances.TerminationProtected),
		concurrency: max(1, int(aws.ToInt32(in.StepConcurrencyLevel))), units: f.newUnits(in.Instances),
		scaling: in.ManagedScalingPolicy,
	}
	if in.AutoTerminationPolicy != nil {
		c.setIdle(in.AutoTerminationPolicy)
	}
	return c
}
