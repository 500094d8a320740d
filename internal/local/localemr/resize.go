package localemr

import (
	"context"
	"fmt"
	"slices"
)

// resizing begins a resize, also of a unit that an earlier one has suspended.
func (s *clusterStatus) resizing() { s.State, s.StateChangeReason = stateResizing, reason{} }

// changing says whether a unit has not reached its target yet. A cluster that is
// ready has units in PROVISIONING only when they were added.
func (u unit) changing() bool {
	return u.status.State == stateResizing || u.status.State == stateProvisioning
}

// resizeLater settles a resize after the provisioning time. s.mu must be held.
func (s *Server) resizeLater(c *record) {
	s.later(s.live.Provision, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.settle(s.stopped, c)
	})
}

// settle adjusts the instances of resizing units to their targets, as far as EC2
// has capacity. s.mu must be held.
func (s *Server) settle(ctx context.Context, c *record) {
	if !c.ready() || c.isEnding() {
		return
	}
	used := map[*Fault]bool{}
	missed := map[string]*demand{}
	for _, d := range c.demands() {
		if d.unit.changing() && !s.grow(c, d, used) {
			missed[d.unit.id] = &d
		}
	}
	s.faults.countHits(used)
	c.shrinkAll()
	for _, u := range c.units() {
		if !u.changing() {
			continue
		}
		advance(u.status, stateRunning)
		if d := missed[u.id]; d != nil {
			s.suspend(c, u, d)
		}
	}
	c.recount()
	s.save(ctx, c)
}

// shrinkAll terminates the instances above the targets of resizing units.
func (c *record) shrinkAll() {
	for _, f := range c.Fleets {
		if c.unit(f.ID).changing() {
			c.shrink(f.ID, marketOnDemand, f.TargetOnDemandCapacity)
			c.shrink(f.ID, marketSpot, f.TargetSpotCapacity)
		}
	}
	for _, g := range c.Groups {
		if c.unit(g.ID).changing() {
			c.shrink(g.ID, g.Market, g.RequestedInstanceCount)
		}
	}
}

// suspend ends a resize for which EC2 has no capacity; existing instances keep
// running.
func (s *Server) suspend(c *record, u unit, d *demand) {
	u.status.State, u.status.StateChangeReason = u.suspended(), reason{Code: codeInternal, Message: shortage(d)}
	s.sendCapacityEvent(c, d, stateResizing, fmt.Sprintf("We are not able to resize your Amazon EMR cluster %s (%s): %s",
		c.Cluster.ID, c.Cluster.Name, shortage(d)))
}

// suspended is the state of a unit whose resize could not be completed.
func (u unit) suspended() string {
	if u.fleet {
		return stateSuspended
	}
	return "ARRESTED"
}

// grow adds instances up to the target of one market of a unit, and says whether
// EC2 had them.
func (s *Server) grow(c *record, d demand, used map[*Fault]bool) bool {
	d.units -= c.capacity(d.unit.id, d.market)
	if d.units <= 0 {
		return true
	}
	d.fallback = false // from Spot to on demand EMR switches at a cluster's start only
	g, ok := s.give(c, c.Cluster.EC2InstanceAttributes.EC2SubnetID, &d, used)
	if !ok {
		return false
	}
	for range g.count {
		i := s.newInstance(len(c.Instances), g)
		advance(&i.Status, stateRunning)
		c.addInstance(i)
	}
	return true
}

// shrink terminates the newest instances as long as n units remain.
func (c *record) shrink(id, market string, n int) {
	left := c.capacity(id, market)
	for _, i := range slices.Backward(c.living(id, market)) {
		if left -= c.weight(i); left < n {
			return
		}
		advance(&i.Status, stateTerminated)
		i.Status.StateChangeReason = reason{Message: "Instance was terminated by a resize."}
	}
}

func (c *record) living(id, market string) []*instanceShape {
	return slices.DeleteFunc(slices.Clone(c.Instances), func(i *instanceShape) bool {
		return !i.belongsTo(id) || i.Market != market || i.Status.State == stateTerminated
	})
}

// recount derives the provisioned capacities from the instances.
func (c *record) recount() {
	for _, f := range c.Fleets {
		f.ProvisionedOnDemandCapacity = c.capacity(f.ID, marketOnDemand)
		f.ProvisionedSpotCapacity = c.capacity(f.ID, marketSpot)
	}
	for _, g := range c.Groups {
		g.RunningInstanceCount = c.capacity(g.ID, g.Market)
	}
}

// capacity is what the living instances of one market of a unit add up to.
func (c *record) capacity(id, market string) int {
	sum := 0
	for _, i := range c.living(id, market) {
		sum += c.weight(i)
	}
	return sum
}

// weight is how much i counts in its fleet; in a group each counts as one.
func (c *record) weight(i *instanceShape) int {
	for _, f := range c.Fleets {
		if !i.belongsTo(f.ID) {
			continue
		}
		for _, t := range f.InstanceTypeSpecifications {
			if t.InstanceType == i.InstanceType {
				return t.weight()
			}
		}
	}
	return 1
}
