package localemr

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// launch makes the instances of grants.
func (s *Server) launchInstances(c *record, grants []grant) {
	for _, g := range grants {
		for range g.count {
			c.Instances = append(c.Instances, s.newInstance(len(c.Instances), g))
		}
		c.provisioned(g.unit.id, g.market, g.count, g.capacity)
	}
	c.Cluster.MasterPublicDNSName = c.primary().PrivateDNSName
}

func (s *Server) newInstance(number int, g grant) *instanceShape {
	ip := fmt.Sprintf("10.0.%d.%d", s.random.IntN(250), 4+number%250)
	i := &instanceShape{
		ID: "ci-" + newID("")[:12], EC2InstanceID: newEC2ID(), PrivateIPAddress: ip,
		PrivateDNSName: "ip-" + strings.ReplaceAll(ip, ".", "-") + s.internalDomain(),
		Market:         g.market, InstanceType: g.instanceType, EbsVolumes: []string{},
		Status: clusterStatus{State: stateProvisioning, Timeline: timeline{CreationDateTime: now()}},
	}
	if g.unit.fleet {
		i.InstanceFleetID = g.unit.id
	} else {
		i.InstanceGroupID = g.unit.id
	}
	return i
}

func (s *Server) internalDomain() string {
	if s.cfg.Region == "us-east-1" {
		return ".ec2.internal"
	}
	return "." + s.cfg.Region + ".compute.internal"
}

// provisioned books capacity on a group or fleet.
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

// setInstances moves the units and their living instances to a state.
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

// resizeLater settles a resize after the provisioning time. s.mu must be held.
func (s *Server) resizeLater(c *record) {
	s.later(s.live.Provision, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.settle(s.stopped, c)
	})
}

// settle brings the instances of resizing units to what was requested.
// s.mu must be held.
func (s *Server) settle(ctx context.Context, c *record) {
	if !c.ready() || c.goingDown() {
		return
	}
	for _, d := range c.demands() {
		if d.unit.status.State == stateResizing {
			s.resize(c, d)
		}
	}
	for _, f := range c.Fleets { // a target of 0 makes no demand
		if f.Status.State == stateResizing {
			c.shrinkTo(f.ID, marketOnDemand, f.TargetOnDemandCapacity)
			c.shrinkTo(f.ID, marketSpot, f.TargetSpotCapacity)
		}
	}
	for _, u := range c.units() {
		if u.status.State == stateResizing {
			u.status.State = stateRunning
		}
	}
	c.recount()
	s.save(ctx, c)
}

// resize grows or shrinks one market of a unit.
func (s *Server) resize(c *record, d demand) {
	have := len(c.living(d.unit.id, d.market))
	t := d.types[0]
	want := (d.units + t.weight() - 1) / t.weight()
	for ; have < want; have++ {
		i := s.newInstance(len(c.Instances), grant{unit: d.unit, instanceType: t.InstanceType, market: d.market})
		advance(&i.Status, stateRunning)
		c.Instances = append(c.Instances, i)
	}
	c.shrinkTo(d.unit.id, d.market, want)
}

// shrinkTo terminates the newest instances above n.
func (c *record) shrinkTo(id, market string, n int) {
	living := c.living(id, market)
	for _, i := range living[min(n, len(living)):] {
		advance(&i.Status, stateTerminated)
		i.Status.StateChangeReason = reason{Message: "Instance was terminated by a resize."}
	}
}

func (c *record) living(id, market string) []*instanceShape {
	return slices.DeleteFunc(slices.Clone(c.Instances), func(i *instanceShape) bool {
		return !i.belongsTo(id) || i.Market != market || i.Status.State == stateTerminated
	})
}

// recount derives the running counts from the instances.
func (c *record) recount() {
	for _, g := range c.Groups {
		g.RunningInstanceCount = len(c.living(g.ID, g.Market))
	}
	for _, f := range c.Fleets {
		f.ProvisionedOnDemandCapacity = c.capacity(f, marketOnDemand)
		f.ProvisionedSpotCapacity = c.capacity(f, marketSpot)
	}
}

func (c *record) capacity(f *fleetShape, market string) int {
	sum := 0
	for _, i := range c.living(f.ID, market) {
		for _, t := range f.InstanceTypeSpecifications {
			if t.InstanceType == i.InstanceType {
				sum += t.weight()
			}
		}
	}
	return sum
}
