package pipeline

import (
	"slices"

	"ephemr/internal/job"
)

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
	Start []string // pending jobs whose needs have succeeded, in file order
	Skip  []string // pending jobs downstream of a dead one, in file order
	Done  bool     // once Skip is done, nothing is left to start or to wait for
}

// Next returns what to do, given the state of every job. A job without a
// state is PENDING; FAILED, CANCELLED and SKIPPED are dead; every other state
// counts as under way. It only looks: starting and skipping are the caller's.
func Next[S ~string](jobs []Job, states map[string]S) Plan {
	dead := deadOf(jobs, states)
	plan := Plan{Done: true}
	for _, j := range jobs {
		switch phaseOf(states, j.Name) {
		case underWay:
			plan.Done = false
		case waiting:
			if dead[j.Name] {
				plan.Skip = append(plan.Skip, j.Name)
				continue
			}
			plan.Done = false
			if !slices.ContainsFunc(j.Needs, func(n string) bool { return phaseOf(states, n) != succeeded }) {
				plan.Start = append(plan.Start, j.Name)
			}
		case succeeded, died:
		}
	}
	return plan
}

// phase is all that matters of a state here.
type phase int

const (
	waiting phase = iota
	underWay
	succeeded
	died
)

func phaseOf[S ~string](states map[string]S, name string) phase {
	switch JobState(states[name]) {
	case "", Pending:
		return waiting
	case Succeeded:
		return succeeded
	case Failed, Cancelled, Skipped:
		return died
	case Running:
	}
	return underWay
}

// deadOf returns the dead jobs and the waiting ones downstream of them. Jobs may
// stand before what they need, so it looks until nothing changes.
func deadOf[S ~string](jobs []Job, states map[string]S) map[string]bool {
	dead := map[string]bool{}
	isDead := func(j Job) bool {
		switch phaseOf(states, j.Name) {
		case died:
			return true
		case waiting:
			return slices.ContainsFunc(j.Needs, func(n string) bool { return dead[n] })
		case underWay, succeeded:
		}
		return false
	}
	for grown := true; grown; {
		grown = false
		for _, j := range jobs {
			if !dead[j.Name] && isDead(j) {
				dead[j.Name], grown = true, true
			}
		}
	}
	return dead
}

// AllJobs returns the jobs in file order and, when the pipeline has checks, the
// job that runs them: of type quality, after every job that no other needs.
func (s Spec) AllJobs() []Job {
	jobs := slices.Clone(s.Jobs)
	if len(s.Checks) == 0 {
		return jobs
	}
	needed := map[string]bool{}
	for _, j := range jobs {
		for _, n := range j.Needs {
			needed[n] = true
		}
	}
	checks := Job{Name: ChecksJob, Type: job.Quality}
	for _, j := range jobs {
		if !needed[j.Name] {
			checks.Needs = append(checks.Needs, j.Name)
		}
	}
	return append(jobs, checks)
}
