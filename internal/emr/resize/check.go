package resize

import (
	"errors"
	"fmt"
	"slices"

	"ephemr/internal/fault"
	"ephemr/internal/profile"
	"ephemr/internal/run"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"
)

// What EMR takes.
const (
	minSteps = 1
	maxSteps = 256
)

// checker looks for what EMR would refuse, or undo. Each fault says what is
// wrong and what can be done.
type checker struct {
	ask     Ask
	cluster Cluster
	profile *profile.Profile // on the rung that the cluster was made from; nil = not known
	wanted  int              // task units that jobs want right now

	plan   Plan
	after  int // core and task units wanted when all is done
	faults []error
}

// Check says what has to be done so that c has what a asks for, or everything
// that stands against it; then nothing must be done. p is the shape that the
// cluster was made from, wanted how many task units jobs want right now.
func Check(a Ask, c Cluster, p *profile.Profile, wanted int) (Plan, error) {
	k := &checker{ask: a, cluster: c, profile: p, wanted: wanted, after: c.total()}
	if err := k.state(); err != nil {
		return Plan{}, err
	}
	k.size(run.Core, a.Core)
	k.size(run.Task, a.Task)
	k.limits()
	k.total()
	k.steps()
	if len(k.faults) > 0 {
		return Plan{}, fault.New(fault.InvalidInput, "%w", errors.Join(k.faults...))
	}
	return k.plan, nil
}

func (k *checker) fault(format string, args ...any) {
	k.faults = append(k.faults, fmt.Errorf("cluster %s: "+format, append([]any{k.cluster.ID}, args...)...))
}

// state says whether the cluster takes changes at all.
func (k *checker) state() error {
	c := k.cluster
	switch {
	case k.ask.Empty():
		return fault.New(fault.InvalidInput, "cluster %s: nothing is asked for; say how many core or task units, limits or steps", c.ID)
	case c.over():
		return fault.New(fault.InvalidInput, "cluster %s is %s (%s): its size cannot be changed any more", c.ID, c.State, c.Reason)
	case !c.sized():
		return fault.New(fault.InvalidInput, "cluster %s is %s: EMR changes its size only when it is RUNNING or WAITING; try again in some minutes", c.ID, c.State)
	}
	return nil
}

func (k *checker) size(kind string, s *Size) {
	if s == nil {
		return
	}
	n := len(k.faults)
	f, ok := k.fleet(kind)
	k.number(kind, *s)
	if len(k.faults) > n || !ok && s.Units == 0 { // there are none, as was asked for
		return
	}
	change := f.to(*s)
	k.after += s.Units - f.Target()
	if f.ID == "" || change.OnDemand != f.OnDemand || change.Spot != f.Spot || stopped(f.State) {
		k.plan.Fleets = append(k.plan.Fleets, change)
	}
}

// to is the change of f to a size.
func (f Fleet) to(s Size) Change {
	c := Change{Fleet: f}
	c.OnDemand, c.Spot = f.split(s.Units)
	if s.OnDemand != nil {
		c.OnDemand, c.Spot = *s.OnDemand, s.Units-*s.OnDemand
	}
	return c
}

// fleet is the one that is meant, or one without an id that would have to be added.
func (k *checker) fleet(kind string) (Fleet, bool) {
	all, core := k.cluster.of(kind), k.cluster.of(run.Core)
	switch {
	case len(all) == 1 && busy(all[0].State):
		k.fault("its %s fleet is %s; try again when that is over", kind, all[0].State)
		return all[0], true
	case len(all) == 1:
		return all[0], true
	case kind == run.Core:
		k.fault("it has no core fleet, and EMR adds none to a cluster that runs; use a profile with core units")
	case len(core) == 0:
		k.fault("it has no core fleet, and without one EMR gives a cluster no task units; use a profile with core units")
	default:
		return newTask(k.profile, core[0]), false
	}
	return Fleet{}, false
}

// newTask is the task fleet that a cluster lacks: as its profile has it, else
// like its core fleet.
func newTask(p *profile.Profile, core Fleet) Fleet {
	f := Fleet{Kind: run.Task, Types: core.Types, Weight: core.Weight, BuysSpot: core.Spot > 0 || core.BuysSpot && core.OnDemand == 0, types: core.types}
	if p != nil && p.Task != nil {
		f.Types, f.Weight, f.types = p.Task.Types, 1, nil
		if p.Task.Units() > 0 {
			f.BuysSpot = p.Task.Spot > 0
		}
	}
	return f
}

func (k *checker) number(kind string, s Size) {
	switch {
	case s.Units < 0:
		k.fault("%s: %d units; ask for 0 or more", kind, s.Units)
	case kind == run.Core && s.Units < 1:
		k.fault("core: EMR keeps at least one core unit, which holds HDFS; ask for 1 or more, or end the cluster")
	case s.OnDemand != nil && (*s.OnDemand < 0 || *s.OnDemand > s.Units):
		k.fault("%s: %d of %d units on demand; ask for 0 to %d", kind, *s.OnDemand, s.Units, s.Units)
	case kind == run.Task && s.Units < k.wanted:
		k.fault("task: jobs that run want %d units until they end; ask for %d or more, or wait", k.wanted, k.wanted)
	}
}

// limits merges what is asked for into what is in force.
func (k *checker) limits() {
	b := k.ask.Limits
	if b == nil {
		return
	}
	var l Limits
	if k.cluster.Limits != nil {
		l = *k.cluster.Limits
	}
	for _, x := range []struct {
		from *int
		to   *int
	}{{b.Min, &l.Min}, {b.Max, &l.Max}} {
		if x.from != nil {
			*x.to = *x.from
		}
	}
	if b.MaxCore != nil {
		l.MaxCore = b.MaxCore
	}
	if b.MaxOnDemand != nil {
		l.MaxOnDemand = b.MaxOnDemand
	}
	if l.Unit == "" {
		l.Unit = types.ComputeLimitsUnitTypeInstanceFleetUnits
	}
	k.checkLimits(l)
	if k.cluster.Limits == nil || !equal(*k.cluster.Limits, l) {
		k.plan.Limits = &l
	}
}

func (k *checker) checkLimits(l Limits) {
	most := k.maxUnits()
	switch {
	case !profile.ReleaseAtLeast(k.cluster.Release, 5, 30, 0) || k.cluster.Release == "emr-6.0.0":
		k.fault("release %s has no managed scaling; it came with emr-5.30.0, and emr-6.0.0 is without it", k.cluster.Release)
	case len(k.cluster.of(run.Core)) == 0:
		k.fault("managed scaling needs a core fleet; use a profile with core units")
	case l.Min < 1:
		k.fault("min is %d; the core fleet alone has at least one unit, so give a min of 1 or more", l.Min)
	case l.Max < l.Min:
		k.fault("min %d is more than max %d; give both, so that min is not more than max", l.Min, l.Max)
	case outside(l.MaxCore, 1, l.Max):
		k.fault("max-core is %d; give 1 to %d, which is max", *l.MaxCore, l.Max)
	case outside(l.MaxOnDemand, 0, l.Max):
		k.fault("max-on-demand is %d; give 0 to %d, which is max", *l.MaxOnDemand, l.Max)
	case most > 0 && l.Max > most && l.Unit != types.ComputeLimitsUnitTypeVcpu:
		k.fault("max is %d, but its profile allows %d core and task units (maxUnits)", l.Max, most)
	}
}

// total holds the sum against the profile and against managed scaling, which
// would undo what lies outside of its limits.
func (k *checker) total() {
	if !k.ask.sized() || len(k.faults) > 0 {
		return
	}
	if most := k.maxUnits(); most > 0 && k.after > most && k.after > k.cluster.total() {
		k.fault("that makes %d core and task units, but its profile allows %d (maxUnits)", k.after, most)
	}
	l := k.cluster.Limits
	if k.plan.Limits != nil {
		l = k.plan.Limits
	}
	if l != nil && l.Unit != types.ComputeLimitsUnitTypeVcpu && (k.after < l.Min || k.after > l.Max) {
		k.fault("that makes %d core and task units, and EMR scales it between %d and %d; stay within them, or give other limits", k.after, l.Min, l.Max)
	}
}

func (k *checker) maxUnits() int {
	if k.profile == nil {
		return 0
	}
	return k.profile.MaxUnits
}

func (k *checker) steps() {
	n := k.ask.Steps
	if n == nil {
		return
	}
	switch {
	case *n < minSteps || *n > maxSteps:
		k.fault("%d steps side by side; EMR takes %d to %d", *n, minSteps, maxSteps)
	case !profile.ReleaseAtLeast(k.cluster.Release, 5, 28, 0):
		k.fault("release %s runs one step at a time; several came with emr-5.28.0", k.cluster.Release)
	case k.cluster.Pool != "":
		k.fault("it belongs to pool %s, whose steps are leased to runs; set stepConcurrency in the profile instead", k.cluster.Pool)
	case *n != k.cluster.Steps:
		if k.profile != nil && *n > k.cluster.Steps {
			if err := k.profile.Holds(*n); err != nil {
				k.fault("%w", err)
			}
		}
		k.plan.Steps = n
	}
}

// busy are states in which EMR refuses a new size.
func busy(state string) bool {
	return slices.Contains([]string{"RECONFIGURING", "TERMINATING", "TERMINATED"}, state)
}

// stopped is the state in which EMR has given a resize up: asking for the same
// again makes it try again.
func stopped(state string) bool { return state == "SUSPENDED" }

func outside(n *int, low, high int) bool { return n != nil && (*n < low || *n > high) }

func equal(a, b Limits) bool {
	same := func(x, y *int) bool { return x == y || x != nil && y != nil && *x == *y }
	return a.Min == b.Min && a.Max == b.Max && same(a.MaxCore, b.MaxCore) && same(a.MaxOnDemand, b.MaxOnDemand)
}
