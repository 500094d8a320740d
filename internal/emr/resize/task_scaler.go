package resize

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/profile"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// TaskScaler gives clusters the task units that jobs request, and takes them
// back. A pool's cluster has as many as the largest request of a run.
type TaskScaler struct {
	Stage    string
	Runs     *store.Runs
	Sizes    *Sizes
	Profiles cluster.ParameterAPI
	EMR      interface {
		FleetAPI
		FleetsAPI
	}
}

// patience is how long Fit may take: jobs do not wait for their units.
const patience = 10 * time.Second

// Fit requests the task units that jobs of a run need now on the cluster of
// attempt a; 0 = none. It never fails the jobs: the result is a note for their
// records.
func (f *TaskScaler) Fit(ctx context.Context, rec *run.Record, a run.Cluster, want int) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := f.fit(ctx, &request{rec: rec, a: a, units: want})
	switch {
	case err != nil:
		slog.WarnContext(ctx, "task units not changed", "runId", rec.Run.ID, "clusterId", a.ID, "want", want, "error", err.Error())
		return "refused: " + err.Error()
	case s.Limits != "":
		return "left to managed scaling, " + s.Limits
	}
	return fmt.Sprintf("%d task units", s.Target)
}

// Leave takes back what holder, a run's cluster attempt, requested of a cluster,
// before other runs get the cluster.
func (f *TaskScaler) Leave(ctx context.Context, clusterID, holder string) error {
	if _, err := f.fit(ctx, &request{a: run.Cluster{ID: clusterID, Name: holder}}); err != nil {
		return fmt.Errorf("take back the task units of %s: %w", holder, err)
	}
	return nil
}

// request is what jobs of a run need on the cluster of an attempt.
type request struct {
	rec   *run.Record // nil = the run leaves the cluster
	a     run.Cluster
	units int

	tried bool
	asked int64 // when an invocation asked EMR for them whose answer was lost
}

func (f *TaskScaler) fit(ctx context.Context, w *request) (taskSize, error) {
	if w.units == 0 {
		s, err := f.Sizes.get(ctx, w.a.ID)
		if err != nil || s.Version == 0 {
			s.Target = w.a.CountOf(run.Task)
			return s, err // nothing was ever requested
		}
		if w.rec == nil && inFlight(s.Asking[w.a.Name]) {
			return s, fault.New(fault.Throttled, "a call that resizes cluster %s may still be in flight", w.a.ID)
		}
	}
	for range tries {
		s, again, err := f.try(ctx, w)
		if !again {
			return s, err
		}
	}
	return taskSize{}, fault.New(fault.Throttled, "cluster %s is being resized by other invocations", w.a.ID)
}

// try asks EMR for the requested size, unless EMR has it. again reports that
// another invocation changed the request in between and asked EMR too, before or
// after this one.
func (f *TaskScaler) try(ctx context.Context, w *request) (s taskSize, again bool, err error) {
	s, err = f.Sizes.change(ctx, w.a.ID, w.note)
	if err != nil || len(s.Asking) == 0 {
		return s, false, err
	}
	n, err := f.resize(ctx, w, &s)
	if err != nil && (w.asked > 0 || !fault.IsRejected(err)) {
		return s, false, err // the next request asks again
	}
	if delete(s.Asking, w.a.Name); inFlight(w.asked) {
		s.Asking[w.a.Name] = w.asked // it may arrive after ours
	}
	if err == nil {
		s.Target = n
	}
	alone, putErr := f.Sizes.put(ctx, &s)
	if err = errors.Join(err, putErr); err != nil || !alone {
		return s, err == nil, err
	}
	f.record(ctx, w, s)
	return s, false, nil
}

// inFlight reports whether a call that began then, in Unix seconds, may still
// reach EMR.
func inFlight(since int64) bool { return time.Since(time.Unix(since, 0)) < cluster.InFlightFor }

// note records the request in s, and that EMR is going to be asked for it unless
// EMR has it.
func (w *request) note(s *taskSize) {
	if s.Version == 0 {
		s.Base = w.a.CountOf(run.Task)
		s.Target = s.Base
	}
	if !w.tried {
		w.tried, w.asked = true, s.Asking[w.a.Name]
	}
	delete(s.Wants, w.a.Name)
	if w.units > 0 {
		s.Wants[w.a.Name] = w.units
	}
	switch {
	case s.Limits != "":
		clear(s.Asking)
	case len(s.Asking) == 0 && s.units() == s.Target:
	case w.rec == nil:
		s.Asking[w.a.Name] = max(w.asked, 1) // what it asks for may come late
	default:
		s.Asking[w.a.Name] = time.Now().Unix()
	}
}

// resize asks EMR for the size in s. The first time it looks up the fleet.
func (f *TaskScaler) resize(ctx context.Context, w *request, s *taskSize) (n int, err error) {
	var p *profile.Profile
	switch n = s.units(); {
	case w.rec == nil:
		n = min(n, s.Target) // only a run that needs more asks for more
	case n > s.Target:
		if p, err = f.allowed(ctx, w, n); err != nil {
			return n, err
		}
	}
	c := Change{Fleet: Fleet{ID: s.Fleet}}
	if s.Fleet == "" {
		if c.Fleet, err = f.find(ctx, w.a.ID, p); err != nil {
			return n, err
		}
		if c.Fleet.ID == "" && n == 0 {
			return n, nil // there is no fleet to shrink
		}
		if len(c.Fleet.Types) == 0 {
			return n, fault.New(fault.InvalidInput, "the cluster has no core fleet, and without one EMR gives it no task units; use a profile with core units")
		}
		s.know(c.Fleet)
	}
	c.OnDemand, c.Spot = s.split(n)
	s.Fleet, err = resizeFleet(ctx, f.EMR, w.a.ID, c, p)
	return n, err
}

// allowed returns the shape that the cluster was made from, unless that forbids
// so many task units.
func (f *TaskScaler) allowed(ctx context.Context, w *request, n int) (*profile.Profile, error) {
	name := w.rec.Spec.Cluster.Profile
	p, err := cluster.LoadShape(ctx, f.Profiles, f.Stage, w.rec.Spec.Cluster)
	if err != nil {
		return nil, err
	}
	if all := w.a.CountOf(run.Core) + w.a.More(run.Core) + n; p.MaxUnits > 0 && all > p.MaxUnits {
		return nil, fault.New(fault.InvalidInput, "that makes %d core and task units, but profile %s allows %d (maxUnits)", all, name, p.MaxUnits)
	}
	return new(p.Rung(w.a.Rung)), nil
}

// find looks up the fleet of the cluster that has its task units, or would have
// them; without an id and types there can be none.
func (f *TaskScaler) find(ctx context.Context, clusterID string, p *profile.Profile) (Fleet, error) {
	all, err := fleets(ctx, f.EMR, clusterID)
	if err != nil {
		return Fleet{}, err
	}
	c := Cluster{ID: clusterID, Fleets: all}
	if task := c.of(run.Task); len(task) > 0 {
		return task[0], nil
	}
	core := c.of(run.Core)
	if len(core) == 0 {
		return Fleet{}, nil
	}
	return newTask(p, core[0]), nil
}

// record records what the run has of its cluster from now on, for the cost.
func (f *TaskScaler) record(ctx context.Context, w *request, s taskSize) {
	more := max(w.units, s.Base) - w.a.CountOf(run.Task)
	if w.rec == nil || more == w.a.More(run.Task) {
		return
	}
	id := w.rec.Run.ID
	slog.InfoContext(ctx, "task units changed", "runId", id, "clusterId", w.a.ID, "want", w.units, "units", s.Target)
	_, spot := s.split(s.Base + more)
	err := f.Runs.Resized(ctx, id, w.a.Attempt, run.Resize{At: time.Now(), Kind: run.Task, Type: s.Type, More: more, Spot: spot > 0, Note: "for its jobs"})
	if err != nil {
		slog.WarnContext(ctx, "cannot record resize: the cost of the run will be wrong by these units", "runId", id, "more", more, "error", err.Error())
	}
}
