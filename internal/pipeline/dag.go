package pipeline

import "ephemr/internal/job"

// JobState is how far a job of a run has come. Other packages have finer states
// of their own, so Next takes any type that spells these the same.
type JobState string

// The states of a job. A failed job that is to be tried again is PENDING.
const (
	Pending   JobState = "PENDING"
	Running   JobState = "RUNNING"
	Succeeded JobState = "SUCCEEDED"
	Failed    JobState = "FAILED"
	Cancelled JobState = "CANCELLED"
	Skipped   JobState = "SKIPPED"
)

// Plan is what to do next with the jobs of a run.
type Plan struct {
	Start []string // pending jobs that can start, in file order
	Skip  []string // pending jobs that will never start, in file order
	Done  bool     // once Skip is done, nothing is left to start or to wait for
}

// Next returns what to do, given the state of every job. A job without a
// state is PENDING; FAILED, CANCELLED, SKIPPED and SUCCEEDED are over; every other
// state counts as under way. It only looks: starting and skipping are the caller's.
func Next[S ~string](jobs []Job, states map[string]S) Plan {
	d := newDAG(jobs, states)
	plan := Plan{Done: true}
	for _, j := range jobs {
		switch {
		case d.skip[j.Name]:
			plan.Skip = append(plan.Skip, j.Name)
		case d.phases[j.Name] == waiting:
			plan.Done = false
			if d.decide(j) == begin {
				plan.Start = append(plan.Start, j.Name)
			}
		case d.phases[j.Name] == underWay:
			plan.Done = false
		}
	}
	return plan
}

// FailedAbove returns a job that has failed and that the named one needs, directly or
// not, or "".
func FailedAbove[S ~string](jobs []Job, states map[string]S, name string) string {
	above := upstream(jobs, name)
	for _, j := range jobs {
		if above[j.Name] && phaseOf(states, j.Name) == failed {
			return j.Name
		}
	}
	return ""
}

// phase is all that matters of a state here.
type phase int

const (
	waiting phase = iota
	underWay
	succeeded
	failed // or cancelled
	skipped
)

func phaseOf[S ~string](states map[string]S, name string) phase {
	switch JobState(states[name]) {
	case "", Pending:
		return waiting
	case Succeeded:
		return succeeded
	case Failed, Cancelled:
		return failed
	case Skipped:
		return skipped
	case Running:
	}
	return underWay
}

// dag is how far the jobs of a run have come.
type dag struct {
	jobs   []Job
	phases map[string]phase
	skip   map[string]bool            // waiting jobs that will never start
	above  map[string]map[string]bool // what conditional jobs need, directly or not
}

func newDAG[S ~string](jobs []Job, states map[string]S) *dag {
	d := &dag{jobs: jobs, phases: map[string]phase{}, skip: map[string]bool{}, above: map[string]map[string]bool{}}
	for _, j := range jobs {
		d.phases[j.Name] = phaseOf(states, j.Name)
		if j.When.conditional() || j.Type == job.Quality {
			d.above[j.Name] = upstream(jobs, j.Name)
		}
	}
	// Jobs may stand before what they need, so this looks until nothing changes.
	for grown := true; grown; {
		grown = false
		for _, j := range jobs {
			if d.phases[j.Name] == waiting && !d.skip[j.Name] && d.decide(j) == never {
				d.skip[j.Name], grown = true, true
			}
		}
	}
	return d
}

type decision int

const (
	later decision = iota
	begin
	never
)

// decide says what to do with a waiting job.
func (d *dag) decide(j Job) decision {
	switch {
	case j.Type == job.Quality: // what was skipped by a condition does not keep the rest from being checked
		return d.check(j)
	case j.When.conditional():
		for name := range d.above[j.Name] {
			if !d.over(name) {
				return later
			}
		}
		if j.When == OnFailure && !d.failedAbove(j) {
			return never
		}
		return begin
	}
	all := begin
	for _, need := range j.Needs {
		if d.over(need) && d.phases[need] != succeeded {
			return never
		}
		if !d.over(need) {
			all = later
		}
	}
	return all
}

func (d *dag) check(j Job) decision {
	if d.failedAbove(j) {
		return never
	}
	verdict := never
	for _, need := range j.Needs {
		if !d.over(need) {
			return later
		}
		if d.phases[need] == succeeded {
			verdict = begin
		}
	}
	return verdict
}

// over reports whether a job has ended or will never start.
func (d *dag) over(name string) bool { return d.skip[name] || d.phases[name] >= succeeded }

func (d *dag) failedAbove(j Job) bool {
	for name := range d.above[j.Name] {
		if d.phases[name] == failed {
			return true
		}
	}
	return false
}
