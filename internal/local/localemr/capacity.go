package localemr

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
)

// Instance roles and markets.
const (
	roleMaster     = "MASTER"
	roleCore       = "CORE"
	roleTask       = "TASK"
	marketOnDemand = "ON_DEMAND"
	marketSpot     = "SPOT"
)

// missingCapacity is the capacity that EC2 does not have for a cluster, decided at
// the request and reported after the provisioning time.
type missingCapacity struct {
	// Again reports that EMR asks EC2 again and again, and the cluster stays in
	// STARTING: it has no reason to end.
	Again   bool
	Reason  reason
	Details []errorDetail
}

// demand is a number of units of one of types, in one market.
type demand struct {
	unit     unit
	types    []instanceType
	market   string
	units    int  // capacity, in weighted units
	fallback bool // On-Demand is used when there is no Spot

	unsupported string // a type that EMR does not support in the zone of the subnet
}

// grant is what EC2 provides for a demand.
type grant struct {
	unit         unit
	instanceType string
	market       string
	count        int
	capacity     int
}

// place chooses a subnet that has the capacity for all demands of c. Without one
// it returns the demand that was not met in the last subnet.
func (s *Server) place(c *record) ([]grant, *demand) {
	used := map[*Fault]bool{}
	defer s.faults.countHits(used)
	var missed *demand
	for _, subnet := range s.subnets(c) {
		grants, miss := s.placeIn(c, subnet, used)
		if miss == nil {
			c.Cluster.EC2InstanceAttributes.EC2SubnetID = subnet
			return grants, nil
		}
		missed = miss
	}
	return nil, missed
}

// subnets returns the candidates in the order in which they are tried.
func (s *Server) subnets(c *record) []string {
	requested := c.Cluster.EC2InstanceAttributes.RequestedEC2SubnetIDs
	if len(requested) == 0 {
		return []string{""}
	}
	order := make([]string, len(requested))
	for i, j := range s.random.Perm(len(requested)) {
		order[i] = requested[j]
	}
	return order
}

func (s *Server) placeIn(c *record, subnet string, used map[*Fault]bool) ([]grant, *demand) {
	var grants []grant
	for _, d := range c.demands() {
		g, ok := s.give(c, subnet, &d, used)
		if !ok {
			return nil, &d
		}
		grants = append(grants, g)
	}
	return grants, nil
}

func (s *Server) give(c *record, subnet string, d *demand, used map[*Fault]bool) (grant, bool) {
	for _, t := range d.types {
		attrs := map[string]string{"cluster": c.Cluster.Name, "instanceType": t.InstanceType, "subnet": subnet, "market": d.market}
		if faults := s.faults.peek(kindUnsupported, attrs); len(faults) > 0 {
			used[faults[0]] = true
			d.unsupported = cmp.Or(d.unsupported, t.InstanceType)
			continue
		}
		faults := s.faults.peek(kindCapacity, attrs)
		if len(faults) == 0 {
			n := (d.units + t.weight() - 1) / t.weight()
			return grant{unit: d.unit, instanceType: t.InstanceType, market: d.market, count: n, capacity: n * t.weight()}, true
		}
		used[faults[0]] = true
		d.unsupported = "" // another type is supported
	}
	if d.fallback {
		d.fallback, d.market = false, marketOnDemand
		return s.give(c, subnet, d, used)
	}
	return grant{}, false
}

// demands lists what c requests from EC2.
func (c *record) demands() []demand {
	var all []demand
	for _, g := range c.Groups {
		all = append(all, demand{
			unit:  unit{id: g.ID, role: g.InstanceGroupType, status: &g.Status},
			types: []instanceType{{InstanceType: g.InstanceType}}, market: g.Market, units: g.RequestedInstanceCount,
		})
	}
	for _, f := range c.Fleets {
		u := unit{id: f.ID, role: f.InstanceFleetType, status: &f.Status, fleet: true}
		if f.TargetOnDemandCapacity > 0 {
			all = append(all, demand{unit: u, types: f.InstanceTypeSpecifications, market: marketOnDemand, units: f.TargetOnDemandCapacity})
		}
		if f.TargetSpotCapacity > 0 {
			all = append(all, demand{
				unit: u, types: f.InstanceTypeSpecifications, market: marketSpot, units: f.TargetSpotCapacity, fallback: f.switchesToOnDemand(),
			})
		}
	}
	return all
}

func (f *fleetShape) switchesToOnDemand() bool {
	return f.LaunchSpecifications != nil && f.LaunchSpecifications.SpotSpecification != nil &&
		f.LaunchSpecifications.SpotSpecification.TimeoutAction == "SWITCH_TO_ON_DEMAND"
}

// shortage describes the capacity that EC2 does not have.
func shortage(d *demand) string {
	kind := "On-Demand"
	if d.market == marketSpot {
		kind = "Spot"
	}
	return fmt.Sprintf("insufficient %s capacity for instance type(s) [%s].", kind, d.typeNames())
}

func (d *demand) typeNames() string {
	names := make([]string, len(d.types))
	for i, t := range d.types {
		names[i] = t.InstanceType
	}
	return strings.Join(names, ", ")
}

// refusal describes a missing capacity. For an On-Demand fleet EMR tries again, a
// Spot fleet runs into its provisioning timeout, and a group ends its cluster.
// Sources: Amazon EMR Management Guide, "Responding to Amazon EMR cluster
// insufficient instance capacity events", "EC2 is out of capacity", "Instance type
// not supported".
func refusal(d *demand) *missingCapacity {
	detail := errorDetail{
		ErrorCode: "INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ", ErrorMessage: "EC2 is out of capacity for " + d.types[0].InstanceType,
		ErrorData: []map[string]string{{"instance-type": d.types[0].InstanceType}},
	}
	why := reason{Code: codeInternal, Message: detail.ErrorMessage +
		". Learn more at https://docs.aws.amazon.com/console/elasticmapreduce/ERROR_noinstancecapacity"}
	switch {
	case d.unsupported != "":
		text := "The requested instance type " + d.unsupported + " is not supported in the requested availability zone."
		why = reason{Code: codeValidation, Message: text + " Learn more at https://docs.aws.amazon.com/console/elasticmapreduce/ERROR_noinstancetype"}
		detail = errorDetail{
			ErrorCode: "VALIDATION_ERROR_INSTANCE_TYPE_NOT_SUPPORTED", ErrorMessage: text,
			ErrorData: []map[string]string{{"instance-types": d.typeNames()}},
		}
	case d.unit.fleet && d.market == marketSpot:
		why = reason{Code: codeFleetTimeout, Message: fmt.Sprintf("The instance fleet %s could not be provisioned before its timeout", d.unit.id)}
	case d.unit.fleet:
		return &missingCapacity{Again: true}
	}
	return &missingCapacity{Reason: why, Details: []errorDetail{detail}}
}

// lacks records what EC2 does not have for a new cluster, and reports it unless
// the request itself is wrong.
func (s *Server) lacks(c *record, d *demand) {
	c.Shortfall = refusal(d)
	if d.unsupported == "" {
		s.sendCapacityEvent(c, d, "CREATING", fmt.Sprintf("We are not able to create your Amazon EMR cluster %s (%s) for %s: Amazon EC2 has %s",
			c.Cluster.ID, c.Cluster.Name, d.unit.id, shortage(d)))
	}
}

// ask asks EC2 again for the instances of a cluster that is STARTING.
// s.mu must be held.
func (s *Server) ask(ctx context.Context, c *record) {
	grants, missed := s.place(c)
	if missed != nil {
		s.lacks(c, missed)
		c.Provisioned = epoch{time.Now().Add(max(time.Duration(s.live.Provision), leastPause))}
	} else {
		c.Shortfall = nil
		s.launchInstances(c, grants)
	}
	s.save(ctx, c)
}

// leastPause is the shortest time between two requests for instances.
const leastPause = 10 * time.Millisecond

// sendCapacityEvent sends the event of insufficient capacity in EC2.
func (s *Server) sendCapacityEvent(c *record, d *demand, state, message string) {
	detail := capacityDetail{
		Severity: severityWarn, ClusterID: c.Cluster.ID, Name: c.Cluster.Name, EventCode: codeInsufficient, State: state, Message: message,
	}
	if d.unit.fleet {
		detail.InstanceFleetID, detail.InstanceFleetType = d.unit.id, d.unit.role
		s.events.add(eventFleet, c, detail.State, detail)
		return
	}
	detail.InstanceGroupID, detail.InstanceGroupType = d.unit.id, d.unit.role
	s.events.add(eventGroup, c, detail.State, detail)
}
