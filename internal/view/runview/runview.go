// Package runview derives from the records of runs what every display of them
// needs.
package runview

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"ephemr/internal/run"
)

// Lister lists runs.
type Lister interface {
	List(ctx context.Context, q run.Query) ([]run.Run, error)
}

// Newest returns the newest runs: those of a pipeline by logical time, or those
// of all pipelines by the time of their request.
func Newest(ctx context.Context, store Lister, q run.Query) ([]run.Run, error) {
	found := []run.Run{}
	if q.Pipeline != "" {
		runs, err := store.List(ctx, q)
		return append(found, runs...), err
	}
	states := run.States
	if q.State != "" {
		states = []run.State{q.State}
	}
	byID := map[string]run.Run{}
	for _, s := range states {
		// Ended runs are listed by their end, and those that run by priority, so the
		// newest are among more than the limit.
		most := max(4*q.Limit, 500)
		if s == run.Queued {
			most = q.Limit
		}
		some, err := store.List(ctx, run.Query{State: s, Limit: most})
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			byID[r.ID] = r // a run that changes state meanwhile is listed twice: keep the later state
		}
	}
	found = slices.AppendSeq(found, maps.Values(byID))
	slices.SortFunc(found, NewestFirst)
	return found[:min(len(found), q.Limit)], nil
}

// NewestFirst orders runs by the time of their request.
func NewestFirst(a, b run.Run) int {
	return cmp.Or(b.RequestedAt.Compare(a.RequestedAt), cmp.Compare(a.ID, b.ID))
}

// Duration returns how long r ran, or has been running; false if it has not
// started.
func Duration(r run.Run, now time.Time) (time.Duration, bool) {
	begin, end := r.AdmittedAt, r.EndedAt
	if begin.IsZero() {
		begin = r.StartedAt
	}
	if begin.IsZero() {
		return 0, false
	}
	if end.IsZero() {
		end = now
	}
	return end.Sub(begin), true
}

// JobDuration returns how long the last attempt of j ran, or has been running;
// false if that is not known.
func JobDuration(j run.Job, now time.Time) (time.Duration, bool) {
	switch {
	case j.State == run.JobRunning && !j.IntentAt.IsZero():
		return now.Sub(j.IntentAt), true
	case j.State.Over() && !j.StartedAt.IsZero():
		return j.EndedAt.Sub(j.StartedAt), true
	}
	return 0, false
}

// FirstStep returns when the first job began since the run was started or
// retried: by its runner's clock or, before the runner has reported, when the
// job was submitted. It is zero if no job has begun.
func FirstStep(rec *run.Record) time.Time {
	var first time.Time
	for _, j := range rec.Jobs {
		at := j.StartedAt
		if at.IsZero() && j.State == run.JobRunning {
			at = j.IntentAt
		}
		if !at.IsZero() && !at.Before(rec.Run.StartedAt) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// Document returns a copy of rec whose lists are not nil, so that they are
// arrays in JSON.
func Document(rec *run.Record) run.Record {
	out := *rec
	out.Run = Charged(rec, time.Now())
	if out.Jobs == nil {
		out.Jobs = []run.Job{}
	}
	if out.Clusters == nil {
		out.Clusters = []run.Cluster{}
	}
	return out
}
