package cluster

import (
	"ephemr/internal/cost"
	"ephemr/internal/cost/prices"
	"ephemr/internal/profile"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// units are those of a new cluster, with their list prices. EMR may choose another
// type of the fleet than the first.
func units(s stage.Settings, p profile.Profile) []run.Units {
	table := prices.Of(s.Region)
	var out []run.Units
	for _, f := range []struct {
		kind string
		*profile.Fleet
	}{{run.Primary, &p.Primary}, {run.Core, p.Core}, {run.Task, p.Task}} {
		if f.Fleet == nil || f.Units() == 0 {
			continue
		}
		u := run.Units{Kind: f.kind, Type: f.Types[0], Count: f.Units(), Spot: f.Spot}
		if price, ok := cost.At(table, u.Type, f.DiskGiB, s.Costs.Share()); ok {
			u.Price = &price
		}
		out = append(out, u)
	}
	return out
}
