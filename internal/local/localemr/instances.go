package localemr

import (
	"fmt"
	"strings"
)

// host is the address of every primary instance: its processes run here.
const host = "localhost"

// launchInstances creates the instances of grants.
func (s *Server) launchInstances(c *record, grants []grant) {
	for _, g := range grants {
		for range g.count {
			c.addInstance(s.newInstance(len(c.Instances), g))
		}
		c.provisioned(g.unit.id, g.market, g.count, g.capacity)
	}
	c.primary().PublicDNSName = host
	c.Cluster.MasterPublicDNSName = host
}

func (s *Server) newInstance(number int, g grant) *instanceShape {
	ip := fmt.Sprintf("10.0.%d.%d", s.random.IntN(250), 4+number%250)
	i := &instanceShape{
		ID: "ci-" + newID("")[:12], EC2InstanceID: newEC2ID(), PrivateIPAddress: ip,
		PrivateDNSName: "ip-" + strings.ReplaceAll(ip, ".", "-") + s.internalDomain(),
		Market:         g.market, InstanceType: g.instanceType,
		Status: clusterStatus{State: stateProvisioning, Timeline: timeline{CreationDateTime: now()}},
	}
	if g.unit.fleet {
		i.InstanceFleetID = g.unit.id
	} else {
		i.InstanceGroupID = g.unit.id
	}
	return i
}

func (c *record) addInstance(i *instanceShape) {
	i.EbsVolumes = c.volumes(i)
	c.Instances = append(c.Instances, i)
}

func (s *Server) internalDomain() string {
	if s.cfg.Region == "us-east-1" {
		return ".ec2.internal"
	}
	return "." + s.cfg.Region + ".compute.internal"
}

// provisioned adds capacity to a group or fleet.
func (c *record) provisioned(id, market string, count, capacity int) {
	for _, g := range c.Groups {
		if g.ID == id {
			g.RunningInstanceCount += count
		}
	}
	for _, f := range c.Fleets {
		switch {
		case f.ID != id:
		case market == marketSpot:
			f.ProvisionedSpotCapacity += capacity
		default:
			f.ProvisionedOnDemandCapacity += capacity
		}
	}
}

// setInstances moves the units and their active instances to a state.
func (c *record) setInstances(state string) {
	for _, u := range c.units() {
		advance(u.status, state)
	}
	for _, i := range c.Instances {
		if i.Status.State != stateTerminated {
			advance(&i.Status, state)
		}
	}
	if state != stateTerminated {
		return
	}
	for _, g := range c.Groups {
		g.RunningInstanceCount = 0
	}
	for _, f := range c.Fleets {
		f.ProvisionedOnDemandCapacity, f.ProvisionedSpotCapacity = 0, 0
	}
}

func advance(status *clusterStatus, state string) {
	status.State = state
	switch state {
	case stateRunning:
		if status.Timeline.ReadyDateTime.IsZero() {
			status.Timeline.ReadyDateTime = now()
		}
	case stateTerminated:
		status.Timeline.EndDateTime = now()
		status.StateChangeReason = reason{Code: "CLUSTER_TERMINATED", Message: "Job flow terminated"}
	default:
	}
}
