package localemr

import (
	"context"
	"slices"

	"ephemr/internal/profile"
)

// unitsOfFleet is the unit type of a managed scaling policy for fleets.
const unitsOfFleet = "InstanceFleetUnits"

// scale applies a managed scaling policy. EMR uses YARN's metrics; here a cluster
// gets a unit for each pending or running step, within the limits. Units are added
// as EMR documents it: core before task, on demand
// before Spot, and removed in the opposite order. s.mu must be held.
func (s *Server) scale(ctx context.Context, c *record) {
	if c.ManagedScaling == nil || !c.ready() || c.isEnding() {
		return
	}
	l := c.ManagedScaling.ComputeLimits
	have, want := 0, max(l.MinimumCapacityUnits, min(l.MaximumCapacityUnits, c.countSteps((*stepShape).active)))
	scalable := c.scalable()
	for _, t := range scalable {
		have += *t.units
	}
	if have == want {
		return
	}
	for _, t := range scalable {
		if have < want {
			have += t.add(want-have, c.room(t, l))
		}
	}
	for _, t := range slices.Backward(scalable) {
		if have > want {
			have -= t.remove(have-want, t.least())
		}
	}
	s.save(ctx, c)
	s.resizeLater(c)
}

// scaled is one market of a unit that managed scaling may change.
type scaled struct {
	unit   unit
	market string
	units  *int // the target
	other  *int // that of the unit's other market
}

// scalable lists them in the order in which they grow.
func (c *record) scalable() []scaled {
	var all []scaled
	for _, role := range []string{roleCore, roleTask} {
		for _, f := range c.Fleets {
			if f.InstanceFleetType == role {
				u, onDemand, spot := c.unit(f.ID), &f.TargetOnDemandCapacity, &f.TargetSpotCapacity
				all = append(all, scaled{u, marketOnDemand, onDemand, spot}, scaled{u, marketSpot, spot, onDemand})
			}
		}
	}
	return all
}

// room is how many units may be added to t within the limits.
func (c *record) room(t scaled, l *computeLimits) int {
	core, onDemand := 0, 0
	for _, x := range c.scalable() {
		if x.unit.role == roleCore {
			core += *x.units
		}
		if x.market == marketOnDemand {
			onDemand += *x.units
		}
	}
	room := l.MaximumCapacityUnits
	if t.unit.role == roleCore {
		room = min(room, deref(l.MaximumCoreCapacityUnits, room)-core)
	}
	if t.market == marketOnDemand {
		room = min(room, deref(l.MaximumOnDemandCapacityUnits, l.MaximumCapacityUnits)-onDemand)
	}
	return max(room, 0)
}

func (t scaled) add(n, room int) int { return t.change(min(n, room)) }

func (t scaled) remove(n, least int) int { return -t.change(-max(0, min(n, *t.units-least))) }

func (t scaled) change(n int) int {
	if n != 0 {
		*t.units += n
		t.unit.status.resizing()
	}
	return n
}

// least is the minimum of t: one core unit in total.
func (t scaled) least() int {
	if t.unit.role != roleCore || *t.other > 0 {
		return 0
	}
	return 1
}

// checkScaling refuses a policy that does not fit the cluster. EMR scales instance
// groups too, localemr does not.
func checkScaling(p *managedScalingPolicy, fleets bool, release string) error {
	if p == nil {
		return nil
	}
	if !fleets {
		return validation("Unsupported parameter: localemr does not scale instance groups.")
	}
	if unit := p.ComputeLimits.UnitType; unit != unitsOfFleet {
		return validation("The unit type %s cannot be used with this cluster's instance collection type.", unit)
	}
	if !profile.ReleaseAtLeast(release, 5, 30, 0) || release == "emr-6.0.0" {
		return validation("Managed scaling is not supported for release %s.", release)
	}
	return nil
}
