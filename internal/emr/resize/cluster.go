// Package resize changes the size of clusters that run: for people, who ask for
// so many units, and for jobs that want more while they are tried. Targets are
// absolute, so asking twice does no harm; nothing waits here.
package resize

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/run"
)

// Cluster is what EMR says of a cluster.
type Cluster struct {
	ID      string
	Stage   string // that its tag names; "" = none
	State   types.ClusterState
	Reason  string // of the state
	Release string // e.g. emr-7.14.0
	Fleets  []Fleet
	Steps   int     // that run side by side
	Limits  *Limits // of managed scaling; nil = EMR does not scale it
	Pool    string  // that it belongs to, as our records say; "" = none
}

// Fleet is an instance fleet.
type Fleet struct {
	ID             string
	Kind           string // run.Primary, run.Core or run.Task
	State          string
	Reason         string // of the state
	Types          []string
	Weight         int // the most units that an instance counts as
	OnDemand, Spot int // units wanted
	HasOnDemand    int // units there are
	HasSpot        int
	BuysSpot       bool // what is added to one that has neither

	types []types.InstanceTypeConfig // to make another like it
}

// Target is how many units are wanted.
func (f Fleet) Target() int { return f.OnDemand + f.Spot }

// Has is how many units there are.
func (f Fleet) Has() int { return f.HasOnDemand + f.HasSpot }

// Limits are those between which EMR scales a cluster, in units of its core and
// task fleets together.
type Limits struct {
	Min         int                         `json:"min"`
	Max         int                         `json:"max"`
	MaxCore     *int                        `json:"maxCore,omitempty"`     // nil = as many as Max
	MaxOnDemand *int                        `json:"maxOnDemand,omitempty"` // likewise
	Unit        types.ComputeLimitsUnitType `json:"unit,omitempty"`
}

// of returns the fleets of a kind: EMR allows one.
func (c Cluster) of(kind string) []Fleet {
	return slices.DeleteFunc(slices.Clone(c.Fleets), func(f Fleet) bool { return f.Kind != kind })
}

// sized says whether EMR changes instances of a cluster in this state.
func (c Cluster) sized() bool {
	return c.State == types.ClusterStateRunning || c.State == types.ClusterStateWaiting
}

// over says whether the cluster is gone or goes.
func (c Cluster) over() bool {
	switch c.State { //nolint:exhaustive // the others are not over
	case types.ClusterStateTerminating, types.ClusterStateTerminated, types.ClusterStateTerminatedWithErrors:
		return true
	}
	return false
}

// total is how many core and task units are wanted.
func (c Cluster) total() int {
	n := 0
	for _, f := range c.Fleets {
		if f.Kind != run.Primary {
			n += f.Target()
		}
	}
	return n
}

// split divides n units as f buys them: what is bought on demand stays so, the
// rest is Spot; without either, all are what a fleet like it would buy.
func (f Fleet) split(n int) (onDemand, spot int) {
	switch {
	case f.Spot > 0 || f.OnDemand == 0 && f.BuysSpot:
		onDemand = min(n, f.OnDemand)
		return onDemand, n - onDemand
	default:
		return n, 0
	}
}
