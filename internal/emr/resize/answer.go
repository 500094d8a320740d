package resize

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/run"
)

// Output says what a cluster has, and how far what was asked for has come.
type Output struct {
	ClusterID string   `json:"clusterId"`
	RunID     string   `json:"runId,omitempty"` // that it was made for
	State     string   `json:"state"`           // of the cluster
	Fleets    []Part   `json:"fleets"`          // core and task
	Limits    *Limits  `json:"limits,omitempty"`
	Steps     int      `json:"steps"`
	Changed   []string `json:"changed"`         // what this call has changed
	Done      bool     `json:"done"`            // the cluster has what was asked for
	Stuck     string   `json:"stuck,omitempty"` // why it will not have it, as far as EMR knows
}

// Part is one fleet of a cluster, in units.
type Part struct {
	Kind     string   `json:"kind"` // core or task
	ID       string   `json:"id,omitempty"`
	Types    []string `json:"types"`
	Asked    *int     `json:"asked,omitempty"`
	Target   int      `json:"target"` // what EMR tries to reach
	Has      int      `json:"has"`
	OnDemand int      `json:"onDemand"` // of those that it has
	Spot     int      `json:"spot"`
	State    string   `json:"state"`
	Reason   string   `json:"reason,omitempty"` // of the state, in EMR's words
	Done     bool     `json:"done"`
}

// String says what the limits are.
func (l Limits) String() string {
	text := fmt.Sprintf("%d to %d units", l.Min, l.Max)
	if l.MaxCore != nil {
		text += fmt.Sprintf(", of them core at most %d", *l.MaxCore)
	}
	if l.MaxOnDemand != nil {
		text += fmt.Sprintf(", on demand at most %d", *l.MaxOnDemand)
	}
	return text
}

func answer(a Ask, c Cluster, t target) Output {
	out := Output{
		ClusterID: c.ID, RunID: t.runID(), State: string(c.State), Fleets: []Part{}, Limits: c.Limits, Steps: c.Steps, Changed: []string{},
		Done: !c.over() && (a.Steps == nil || c.Steps == *a.Steps),
	}
	var stuck []string
	if c.over() {
		stuck = append(stuck, fmt.Sprintf("the cluster is %s: %s", c.State, c.Reason))
	}
	for _, x := range []struct {
		kind string
		ask  *Size
	}{{run.Core, a.Core}, {run.Task, a.Task}} {
		for _, f := range c.of(x.kind) {
			out.Fleets = append(out.Fleets, part(f, x.ask))
		}
		done, why := c.reached(x.kind, x.ask)
		out.Done = out.Done && done
		if why != "" {
			stuck = append(stuck, x.kind+": "+why)
		}
	}
	out.Done = out.Done && (a.Limits == nil || c.within())
	out.Stuck = strings.Join(stuck, "; ")
	return out
}

// reached says whether the fleets of a kind have what was asked for, and why
// they will not.
func (c Cluster) reached(kind string, ask *Size) (done bool, why string) {
	all := c.of(kind)
	switch {
	case ask == nil:
		return true, ""
	case len(all) == 0 && ask.Units == 0:
		return true, ""
	case len(all) == 0:
		return false, "the cluster has no such fleet"
	}
	f := all[0]
	return f.settled() && f.Target() == ask.Units, f.stuck(*ask, c.Limits != nil)
}

// within says whether the cluster is as large as its limits want it.
func (c Cluster) within() bool {
	if c.Limits == nil || c.Limits.Unit == types.ComputeLimitsUnitTypeVcpu {
		return true
	}
	has := 0
	for _, f := range c.Fleets {
		if f.Kind != run.Primary {
			has += f.Has()
		}
	}
	return has >= c.Limits.Min && has <= c.Limits.Max
}

func part(f Fleet, ask *Size) Part {
	p := Part{
		Kind: f.Kind, ID: f.ID, Types: append([]string{}, f.Types...), Target: f.Target(), Has: f.Has(),
		OnDemand: f.HasOnDemand, Spot: f.HasSpot, State: f.State, Reason: f.Reason, Done: f.settled(),
	}
	if ask != nil {
		p.Asked = &ask.Units
		p.Done = p.Done && f.Target() == ask.Units
	}
	return p
}

// settled says whether f has its target: instances that count as several units
// may make it a little more.
func (f Fleet) settled() bool {
	return f.State == "RUNNING" && f.Has() >= f.Target() && f.Has()-f.Target() < f.Weight
}

// stuck says why f will not have what was asked for; "" = it may yet.
func (f Fleet) stuck(ask Size, scaled bool) string {
	switch {
	case stopped(f.State) || busy(f.State):
		if f.Reason == "" {
			return f.State
		}
		return f.State + ", " + f.Reason
	case f.Target() != ask.Units && scaled:
		return fmt.Sprintf("managed scaling wants %d units now", f.Target())
	case f.Target() != ask.Units:
		return fmt.Sprintf("another request asked for %d units", f.Target())
	}
	return ""
}
