package pipeline

import (
	"slices"

	"ephemr/internal/job"
)

// JobState is how far a job of a run has come.
type JobState string

// The states of a job. A failed job that is to be tried again is PENDING.
const (
	Pending   JobState = "PENDING"
	Running   JobState = "RUNNING"
	Succeeded JobState = "SUCCEEDED"
	Failed    JobState = "FAILED"
	Skipped   JobState = "SKIPPED"
)

// Plan is what to do next with the jobs of a run.
type Plan struct {
	Start []string // pending jobs whose needs have succeeded, in file order
	Skip  []string // pending jobs downstream of a failed or skipped one, in file order
	Done  bool     // once Skip is done, nothing is left to start or to wait for
}

// Next looks at the state of every job and says what to do. A job without a
// state is PENDING; a state that is none of the above counts as FAILED. It only
// looks: starting and skipping are the caller's.
func Next(jobs []Job, states map[string]JobState) Plan {
	dead := deadOf(jobs, states)
	plan := Plan{Done: true}
	for _, j := range jobs {
		switch state := stateOf(states, j.Name); {
		case state == Running:
			plan.Done = false
		case state != Pending:
		case dead[j.Name]:
			plan.Skip = append(plan.Skip, j.Name)
		default:
			plan.Done = false
			if !slices.ContainsFunc(j.Needs, func(n string) bool { return stateOf(states, n) != Succeeded }) {
				plan.Start = append(plan.Start, j.Name)
			}
		}
	}
	return plan
}

func stateOf(states map[string]JobState, name string) JobState {
	if s := states[name]; s != "" {
		return s
	}
	return Pending
}

// deadOf returns the jobs that have failed, were skipped, or need such a one.
// Jobs may stand before what they need, so it looks until nothing changes.
func deadOf(jobs []Job, states map[string]JobState) map[string]bool {
	dead := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for _, j := range jobs {
			if !dead[j.Name] && isDead(j, states, dead) {
				dead[j.Name], grown = true, true
			}
		}
	}
	return dead
}

func isDead(j Job, states map[string]JobState, dead map[string]bool) bool {
	switch stateOf(states, j.Name) {
	case Running, Succeeded:
		return false
	case Pending:
		return slices.ContainsFunc(j.Needs, func(n string) bool { return dead[n] })
	case Failed, Skipped:
	}
	return true
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
