package localemr

import (
	"context"
	"encoding/json"
	"time"

	"ephemr/internal/local/emrreleases"
	"ephemr/internal/profile"
)

type runJobFlowInput struct {
	Name                    string
	LogURI                  string `json:"LogUri"`
	LogEncryptionKmsKeyID   string `json:"LogEncryptionKmsKeyId"`
	AdditionalInfo          string
	ReleaseLabel            string
	Instances               *instancesInput
	Steps                   []stepInput
	StepExecutionRoleArn    string
	BootstrapActions        []bootstrapInput
	Applications            []applicationShape
	Configurations          json.RawMessage
	VisibleToAllUsers       *bool
	JobFlowRole             string
	ServiceRole             string
	Tags                    []tagShape
	SecurityConfiguration   string
	AutoScalingRole         string
	ScaleDownBehavior       string
	CustomAmiID             string `json:"CustomAmiId"`
	EbsRootVolumeSize       int
	EbsRootVolumeIops       int
	EbsRootVolumeThroughput int
	RepoUpgradeOnBoot       string
	KerberosAttributes      json.RawMessage
	StepConcurrencyLevel    *int
	ManagedScalingPolicy    *managedScalingPolicy
	PlacementGroupConfigs   json.RawMessage
	AutoTerminationPolicy   *autoTerminationPolicy
	OSReleaseLabel          string
	ExtendedSupport         *bool
	MonitoringConfiguration json.RawMessage
}

type instancesInput struct {
	MasterInstanceType             string
	SlaveInstanceType              string
	InstanceCount                  int
	InstanceGroups                 []groupInput
	InstanceFleets                 []fleetInput
	EC2KeyName                     string `json:"Ec2KeyName"`
	Placement                      *placementInput
	KeepJobFlowAliveWhenNoSteps    bool
	TerminationProtected           bool
	UnhealthyNodeReplacement       *bool
	EC2SubnetID                    string   `json:"Ec2SubnetId"`
	EC2SubnetIDs                   []string `json:"Ec2SubnetIds"`
	EmrManagedMasterSecurityGroup  string
	EmrManagedSlaveSecurityGroup   string
	ServiceAccessSecurityGroup     string
	AdditionalMasterSecurityGroups []string
	AdditionalSlaveSecurityGroups  []string
}

type placementInput struct {
	AvailabilityZone  string
	AvailabilityZones []string
}

type groupInput struct {
	Name              string
	Market            string
	InstanceRole      string
	BidPrice          string
	InstanceType      string
	InstanceCount     int
	Configurations    json.RawMessage
	EbsConfiguration  *ebsConfiguration
	CustomAmiID       string `json:"CustomAmiId"`
	AutoScalingPolicy *autoScalingPolicy
}

type fleetInput struct {
	Name                   string
	InstanceFleetType      string
	TargetOnDemandCapacity int
	TargetSpotCapacity     int
	InstanceTypeConfigs    []instanceType
	LaunchSpecifications   *launchSpec
	ResizeSpecifications   json.RawMessage
	Context                string
}

type bootstrapInput struct {
	Name                  string
	ScriptBootstrapAction scriptInput
}

type scriptInput struct {
	Path string
	Args []string
}

type runJobFlowOutput struct {
	JobFlowID  string `json:"JobFlowId"`
	ClusterArn string `json:"ClusterArn"`
}

func (s *Server) runJobFlow(ctx context.Context, in *runJobFlowInput) (*runJobFlowOutput, error) {
	if err := in.validate(); err != nil {
		return nil, err
	}
	network, err := s.refuseNetwork(ctx, in)
	if err != nil {
		return nil, err
	}
	steps := newSteps(in.Steps, in.StepExecutionRoleArn)
	s.mu.Lock()
	defer s.mu.Unlock()
	roles, err := s.runtimeRoles(in)
	if err != nil {
		return nil, err
	}
	c := s.newRecord(in)
	c.Steps, c.RuntimeRoles, c.Shortfall = steps, roles, network
	s.request(c)
	s.begin(c) //nolint:contextcheck // the cluster outlives the request
	s.setCluster(ctx, c, stateStarting, reason{})
	for _, st := range steps {
		s.sendStepEvent(c, st)
	}
	return &runJobFlowOutput{JobFlowID: c.Cluster.ID, ClusterArn: c.Cluster.ClusterArn}, nil
}

// runtimeRoles says whether the steps of a new cluster have roles. s.mu must be held.
func (s *Server) runtimeRoles(in *runJobFlowInput) (bool, error) {
	if in.SecurityConfiguration == "" {
		return false, refuseRole(in.StepExecutionRoleArn, false)
	}
	security, ok := s.security(in.SecurityConfiguration)
	if !ok {
		return false, validation("Security configuration with name '%s' does not exist.", in.SecurityConfiguration)
	}
	return security.runtimeRoles(), refuseRole(in.StepExecutionRoleArn, security.runtimeRoles())
}

// request requests the instances from EC2 and sets the provisioning time.
func (s *Server) request(c *record) {
	attrs := map[string]string{"cluster": c.Cluster.Name}
	lasts := time.Duration(s.live.Provision)
	if jitter := int64(s.live.Jitter); jitter > 0 {
		lasts += time.Duration(s.random.Int64N(jitter))
	}
	if f := s.faults.take(kindProvisionSlow, attrs); f != nil {
		lasts += time.Duration(f.Delay)
	}
	if s.faults.take(kindProvisionStuck, attrs) != nil {
		lasts = 100 * 365 * 24 * time.Hour
	}
	c.Provisioned = epoch{time.Now().Add(lasts)}
	if c.Shortfall != nil {
		return // the request itself is wrong
	}
	grants, missed := s.place(c)
	if missed != nil {
		s.lacks(c, missed)
		return
	}
	s.launchInstances(c, grants)
}

func (s *Server) newRecord(in *runJobFlowInput) *record {
	id := newID("j-")
	c := &record{
		Cluster: clusterShape{
			ID: id, Name: in.Name, ClusterArn: s.arn(id), LogURI: in.LogURI, LogEncryptionKmsKeyID: in.LogEncryptionKmsKeyID,
			ReleaseLabel: in.ReleaseLabel, AutoTerminate: !in.Instances.KeepJobFlowAliveWhenNoSteps,
			TerminationProtected: in.Instances.TerminationProtected,
			UnhealthyNodeReplace: deref(in.Instances.UnhealthyNodeReplacement, true),
			VisibleToAllUsers:    true, // a request for false has no effect on EMR
			Applications:         in.applications(), Tags: append([]tagShape{}, in.Tags...), ServiceRole: in.ServiceRole,
			Configurations: in.Configurations, SecurityConfiguration: in.SecurityConfiguration,
			AutoScalingRole: in.AutoScalingRole, ScaleDownBehavior: in.ScaleDownBehavior, CustomAmiID: in.CustomAmiID,
			EbsRootVolumeSize: in.EbsRootVolumeSize, EbsRootVolumeIops: in.EbsRootVolumeIops,
			EbsRootVolumeThroughput: in.EbsRootVolumeThroughput, RepoUpgradeOnBoot: in.RepoUpgradeOnBoot,
			KerberosAttributes: in.KerberosAttributes, StepConcurrencyLevel: deref(in.StepConcurrencyLevel, 1),
			PlacementGroups: in.PlacementGroupConfigs, OSReleaseLabel: in.OSReleaseLabel,
			ExtendedSupport: deref(in.ExtendedSupport, false), MonitoringConfiguration: in.MonitoringConfiguration,
			EC2InstanceAttributes: in.attributes(s.cfg.Region),
			Status:                clusterStatus{State: stateStarting, Timeline: timeline{CreationDateTime: now()}},
		},
		AutoTermination: in.AutoTerminationPolicy,
		ManagedScaling:  in.ManagedScalingPolicy,
	}
	for _, b := range in.BootstrapActions {
		c.Bootstraps = append(c.Bootstraps, commandShape{
			Name: b.Name, ScriptPath: b.ScriptBootstrapAction.Path, Args: append([]string{}, b.ScriptBootstrapAction.Args...),
		})
	}
	if c.Cluster.ScaleDownBehavior == "" {
		c.Cluster.ScaleDownBehavior = defaultScaleDown(in.ReleaseLabel)
	}
	in.Instances.addUnits(c)
	c.protectPrimaries()
	return c
}

// defaultScaleDown depends on the release since EMR 5.10.
func defaultScaleDown(release string) string {
	if profile.ReleaseAtLeast(release, 5, 10, 0) {
		return "TERMINATE_AT_TASK_COMPLETION"
	}
	return "TERMINATE_AT_INSTANCE_HOUR"
}

// protectPrimaries keeps a cluster with three primary nodes: EMR protects it from
// termination and keeps it alive, whatever the request says.
func (c *record) protectPrimaries() {
	for _, d := range c.demands() {
		if d.unit.role == roleMaster && d.units > 1 {
			c.Cluster.TerminationProtected, c.Cluster.AutoTerminate = true, false
		}
	}
}

func (s *Server) arn(id string) string {
	return "arn:aws:elasticmapreduce:" + s.cfg.Region + ":" + s.cfg.Account + ":cluster/" + id
}

// applications have the names and versions of the release. The default is Hadoop,
// which is installed but not listed when others are.
func (in *runJobFlowInput) applications() []applicationShape {
	requested := in.Applications
	if len(requested) == 0 {
		requested = []applicationShape{{Name: "Hadoop"}}
	}
	release, _ := emrreleases.Find(in.ReleaseLabel)
	all := make([]applicationShape, len(requested))
	for i, a := range requested {
		known, _ := release.Application(a.Name)
		all[i] = a
		all[i].Name, all[i].Version = known.Name, known.Version
	}
	return all
}

func (in *runJobFlowInput) attributes(region string) ec2Attributes {
	i := in.Instances
	a := ec2Attributes{
		EC2KeyName: i.EC2KeyName, RequestedEC2SubnetIDs: append([]string{}, i.EC2SubnetIDs...),
		RequestedAvailabilityZones: []string{}, IamInstanceProfile: in.JobFlowRole,
		MasterSecurityGroup: i.EmrManagedMasterSecurityGroup, SlaveSecurityGroup: i.EmrManagedSlaveSecurityGroup,
		ServiceAccessSecurityGroup: i.ServiceAccessSecurityGroup,
		MasterExtraSecurityGroups:  i.AdditionalMasterSecurityGroups, SlaveExtraSecurityGroups: i.AdditionalSlaveSecurityGroups,
	}
	if i.EC2SubnetID != "" {
		a.RequestedEC2SubnetIDs = append(a.RequestedEC2SubnetIDs, i.EC2SubnetID)
	}
	if i.Placement != nil {
		a.RequestedAvailabilityZones = append(a.RequestedAvailabilityZones, i.Placement.AvailabilityZones...)
		a.EC2AvailabilityZone = i.Placement.AvailabilityZone
	}
	setDefault(&a.EC2AvailabilityZone, region+"a")
	return a
}

func deref[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
