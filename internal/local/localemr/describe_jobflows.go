package localemr

import (
	"context"
	"slices"
	"time"

	"ephemr/internal/local/emrreleases"
)

// The shapes of DescribeJobFlows, which AWS has deprecated. Older clients use it.
type (
	jobFlowDetail struct {
		JobFlowID             string `json:"JobFlowId"`
		Name                  string
		LogURI                string `json:"LogUri,omitempty"`
		ExecutionStatusDetail executionDetail
		Instances             flowInstances
		Steps                 []flowStep
		BootstrapActions      []flowBootstrap
		SupportedProducts     []string
		VisibleToAllUsers     bool
		JobFlowRole           string `json:",omitempty"`
		ServiceRole           string `json:",omitempty"`
		AutoScalingRole       string `json:",omitempty"`
		ScaleDownBehavior     string `json:",omitempty"`
	}
	executionDetail struct {
		State                 string
		CreationDateTime      epoch
		StartDateTime         epoch  `json:",omitzero"`
		ReadyDateTime         epoch  `json:",omitzero"`
		EndDateTime           epoch  `json:",omitzero"`
		LastStateChangeReason string `json:",omitempty"`
	}
	flowInstances struct {
		MasterInstanceType          string
		MasterPublicDNSName         string `json:"MasterPublicDnsName,omitempty"`
		MasterInstanceID            string `json:"MasterInstanceId,omitempty"`
		SlaveInstanceType           string
		InstanceCount               int
		InstanceGroups              []flowGroup
		NormalizedInstanceHours     int
		EC2KeyName                  string `json:"Ec2KeyName,omitempty"`
		EC2SubnetID                 string `json:"Ec2SubnetId,omitempty"`
		Placement                   flowPlacement
		KeepJobFlowAliveWhenNoSteps bool
		TerminationProtected        bool
		UnhealthyNodeReplacement    bool
		HadoopVersion               string `json:",omitempty"`
	}
	flowGroup struct {
		InstanceGroupID      string `json:"InstanceGroupId"`
		Name                 string `json:",omitempty"`
		Market               string
		InstanceRole         string
		BidPrice             string `json:",omitempty"`
		InstanceType         string
		InstanceRequestCount int
		InstanceRunningCount int
		State                string
		CreationDateTime     epoch
		ReadyDateTime        epoch `json:",omitzero"`
		EndDateTime          epoch `json:",omitzero"`
	}
	flowStep struct {
		StepConfig            stepInput
		ExecutionStatusDetail executionDetail
	}
	flowPlacement struct{ AvailabilityZone string }
	flowBootstrap struct{ BootstrapActionConfig bootstrapInput }
)

type describeJobFlowsInput struct {
	CreatedAfter  epoch
	CreatedBefore epoch
	JobFlowIDs    []string `json:"JobFlowIds"`
	JobFlowStates []string
}

type describeJobFlowsOutput struct{ JobFlows []jobFlowDetail }

// maxJobFlows is how many job flows one answer has.
const maxJobFlows = 512

// fortnight is how long finished job flows are listed without a request for them.
const fortnight = 14 * 24 * time.Hour

// describeJobFlows lists the newest first.
func (s *Server) describeJobFlows(_ context.Context, in *describeJobFlowsInput) (*describeJobFlowsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range in.JobFlowIDs {
		if s.clusters[id] == nil {
			return nil, validation("%s", textUnknownJobFlow)
		}
	}
	out := &describeJobFlowsOutput{JobFlows: []jobFlowDetail{}}
	for _, c := range slices.Backward(s.order) {
		if in.wants(c) && len(out.JobFlows) < maxJobFlows {
			out.JobFlows = append(out.JobFlows, c.jobFlow())
		}
	}
	return out, nil
}

func (in *describeJobFlowsInput) wants(c *record) bool {
	created := c.Cluster.Status.Timeline.CreationDateTime
	switch {
	case len(in.JobFlowIDs) > 0 && !slices.Contains(in.JobFlowIDs, c.Cluster.ID),
		len(in.JobFlowStates) > 0 && !slices.Contains(in.JobFlowStates, c.flowState()),
		!in.CreatedAfter.IsZero() && created.Before(in.CreatedAfter.Time),
		!in.CreatedBefore.IsZero() && created.After(in.CreatedBefore.Time):
		return false
	default:
		return len(in.JobFlowIDs) > 0 || !in.CreatedAfter.IsZero() || !c.over() || time.Since(created.Time) < fortnight
	}
}

// flowState is c's state as the older API names it.
func (c *record) flowState() string {
	switch {
	case c.state() == stateTerminating:
		return "SHUTTING_DOWN"
	case c.state() == stateWithErrors:
		return stateFailed
	case c.state() == stateTerminated && c.Ending.Reason.Code == codeAllDone:
		return stateCompleted
	default:
		return c.state()
	}
}

func (c *record) jobFlow() jobFlowDetail {
	status := c.Cluster.Status
	flow := jobFlowDetail{
		JobFlowID: c.Cluster.ID, Name: c.Cluster.Name, LogURI: c.Cluster.LogURI, Instances: c.flowInstances(),
		ExecutionStatusDetail: executionDetail{
			State: c.flowState(), CreationDateTime: status.Timeline.CreationDateTime, StartDateTime: status.Timeline.ReadyDateTime,
			ReadyDateTime: status.Timeline.ReadyDateTime, EndDateTime: status.Timeline.EndDateTime, LastStateChangeReason: status.StateChangeReason.Message,
		},
		Steps: []flowStep{}, BootstrapActions: []flowBootstrap{}, SupportedProducts: []string{},
		VisibleToAllUsers: c.Cluster.VisibleToAllUsers, JobFlowRole: c.Cluster.EC2InstanceAttributes.IamInstanceProfile,
		ServiceRole: c.Cluster.ServiceRole, AutoScalingRole: c.Cluster.AutoScalingRole, ScaleDownBehavior: c.Cluster.ScaleDownBehavior,
	}
	for _, st := range c.Steps {
		flow.Steps = append(flow.Steps, st.flowStep())
	}
	for _, b := range c.Bootstraps {
		flow.BootstrapActions = append(flow.BootstrapActions, flowBootstrap{bootstrapInput{
			Name: b.Name, ScriptBootstrapAction: scriptInput{Path: b.ScriptPath, Args: b.Args},
		}})
	}
	return flow
}

func (c *record) flowInstances() flowInstances {
	a := c.Cluster.EC2InstanceAttributes
	out := flowInstances{
		MasterInstanceType: c.primary().InstanceType, MasterPublicDNSName: c.Cluster.MasterPublicDNSName, MasterInstanceID: c.primary().EC2InstanceID,
		InstanceCount: len(c.Instances), InstanceGroups: []flowGroup{}, EC2KeyName: a.EC2KeyName, EC2SubnetID: a.EC2SubnetID,
		Placement:                   flowPlacement{AvailabilityZone: a.EC2AvailabilityZone},
		KeepJobFlowAliveWhenNoSteps: !c.Cluster.AutoTerminate, TerminationProtected: c.Cluster.TerminationProtected,
		UnhealthyNodeReplacement: c.Cluster.UnhealthyNodeReplace,
	}
	if r, ok := emrreleases.Find(c.Cluster.ReleaseLabel); ok {
		hadoop, _ := r.Application("Hadoop")
		out.HadoopVersion = hadoop.Version
	}
	out.SlaveInstanceType = out.MasterInstanceType // that of a cluster of one instance
	for _, g := range c.Groups {
		if g.InstanceGroupType == roleCore {
			out.SlaveInstanceType = g.InstanceType
		}
		out.InstanceGroups = append(out.InstanceGroups, flowGroup{
			InstanceGroupID: g.ID, Name: g.Name, Market: g.Market, InstanceRole: g.InstanceGroupType, BidPrice: g.BidPrice,
			InstanceType: g.InstanceType, InstanceRequestCount: g.RequestedInstanceCount, InstanceRunningCount: g.RunningInstanceCount,
			State: g.Status.State, CreationDateTime: g.Status.Timeline.CreationDateTime,
			ReadyDateTime: g.Status.Timeline.ReadyDateTime, EndDateTime: g.Status.Timeline.EndDateTime,
		})
	}
	return out
}

func (s *stepShape) flowStep() flowStep {
	state := s.Status.State
	if state == stateCancelPending {
		state = stateRunning // the older API has no other
	}
	properties := make([]keyValue, 0, len(s.Config.Properties))
	for k, v := range s.Config.Properties {
		properties = append(properties, keyValue{Key: k, Value: v})
	}
	return flowStep{
		StepConfig: stepInput{
			Name: s.Name, ActionOnFailure: s.ActionOnFailure,
			HadoopJarStep: jarStepInput{Jar: s.Config.Jar, MainClass: s.Config.MainClass, Args: s.Config.Args, Properties: properties},
		},
		ExecutionStatusDetail: executionDetail{
			State: state, CreationDateTime: s.Status.Timeline.CreationDateTime, StartDateTime: s.Status.Timeline.StartDateTime,
			EndDateTime: s.Status.Timeline.EndDateTime, LastStateChangeReason: s.Status.StateChangeReason.Message,
		},
	}
}
