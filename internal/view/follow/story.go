package follow

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/run"
)

// story converts a run's record to a sequence of changes, each once. It uses the
// times in the record, not those of polls, so that no change is missed and late
// followers get all of them.
type story struct {
	emitted map[string]bool
	news    []Update
}

// read returns the new changes in rec, by time. The
// outcome is left for the end.
func (s *story) read(rec *run.Record, now time.Time) []Update {
	s.news = nil
	s.run(rec, now)
	s.clusters(rec, now)
	for _, j := range rec.Jobs {
		s.job(j, now)
	}
	slices.SortStableFunc(s.news, func(a, b Update) int { return a.when().Compare(b.when()) })
	return s.news
}

func (s *story) add(key string, u Update) {
	if s.emitted == nil {
		s.emitted = map[string]bool{}
	}
	if !s.emitted[key] {
		s.emitted[key] = true
		s.news = append(s.news, u)
	}
}

func or(t, fallback time.Time) time.Time {
	if t.IsZero() {
		return fallback
	}
	return t
}

func (s *story) run(rec *run.Record, now time.Time) {
	r, usd := rec.Run, cost.OfRun(rec, now).USD()
	if r.State == run.Rejected {
		return
	}
	s.add("queued", RunChanged{At: r.RequestedAt, State: run.Queued, Run: r})
	if !r.AdmittedAt.IsZero() {
		s.add("admitted", RunChanged{At: r.AdmittedAt, State: run.Admitted, Run: r})
	}
	if !r.StartedAt.IsZero() {
		s.add("running", RunChanged{At: r.StartedAt, State: run.Running, Run: r, Cost: usd})
	}
}

// outcome is the end of the story.
func outcome(rec *run.Record, now time.Time) RunChanged {
	r := rec.Run
	return RunChanged{At: or(r.EndedAt, now), State: r.State, Run: r, Cost: cmp.Or(r.CostUSD, cost.OfRun(rec, now).USD())}
}

func (s *story) clusters(rec *run.Record, now time.Time) {
	profile := ""
	if rec.Spec != nil {
		profile = rec.Spec.Cluster.Profile
	}
	for _, c := range rec.Clusters {
		add := func(state run.ClusterState, at time.Time) {
			s.add(fmt.Sprintf("cluster %d %s", c.Attempt, state), ClusterChanged{At: at, State: state, Cluster: c, Profile: profile})
		}
		if c.ID != "" {
			add(run.ClusterCreated, or(c.CreatedAt, c.IntentAt))
		}
		if !c.ReadyAt.IsZero() {
			add(run.ClusterReady, c.ReadyAt)
		}
		if c.State == run.ClusterFailed || c.State == run.ClusterTerminating || c.State == run.ClusterReleased {
			add(c.State, or(c.EndedAt, now))
		}
	}
}

func (s *story) job(j run.Job, now time.Time) {
	for _, a := range j.Earlier {
		s.add(fmt.Sprintf("job %s %d", j.Name, a.Attempt), JobChanged{At: or(a.EndedAt, now), State: run.JobFailed, Attempt: a.Attempt, Again: true, Job: failed(j, a)})
	}
	if j.StepID != "" && !j.State.Over() && j.State != run.JobPending || j.State.Over() && j.Attempt > 0 {
		at := or(j.StartedAt, j.IntentAt)
		if j.IntentAt.After(at) { // StartedAt is of the attempt before
			at = j.IntentAt
		}
		s.add(fmt.Sprintf("job %s %d started", j.Name, j.Attempt), JobChanged{At: or(at, now), State: run.JobRunning, Attempt: j.Attempt, Job: j})
	}
	if j.State.Over() {
		s.add(fmt.Sprintf("job %s over", j.Name), JobChanged{At: or(j.EndedAt, now), State: j.State, Attempt: j.Attempt, Job: j})
	}
}

// failed is j as it was after its attempt a.
func failed(j run.Job, a run.Attempt) run.Job {
	j.State, j.Attempt, j.StepID = run.JobFailed, a.Attempt, a.StepID
	j.Class, j.Reason, j.ExitCode, j.EndedAt = a.Class, a.Reason, a.ExitCode, a.EndedAt
	return j
}
