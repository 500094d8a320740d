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

// Fitter gives clusters the task units that jobs want, and takes them back. A
// pool's cluster has as many as that run wants that wants most.
type Fitter struct {
	Stage    string
	Runs     *store.Runs
	Sizes    *Sizes
	Profiles cluster.ParameterAPI
	EMR      interface {
		FleetAPI
		FleetsAPI
	}
}

// patience is how long Fit may take: the jobs must not wait for their units.
const patience = 10 * time.Second

// Fit sees to it that the cluster of attempt a is asked to have the task units
// that jobs of its run want now; 0 = none wants any. It never stands in the way
// of the jobs: what became of it is a note for their records.
func (f *Fitter) Fit(ctx context.Context, rec *run.Record, a run.Cluster, want int) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := f.fit(ctx, &wish{rec: rec, a: a, units: want})
	switch {
	case err != nil:
		slog.WarnContext(ctx, "task units not changed", "runId", rec.Run.ID, "clusterId", a.ID, "want", want, "error", err.Error())
		return "refused: " + err.Error()
	case s.Limits != "":
		return "left to managed scaling, " + s.Limits
	}
	return fmt.Sprintf("%d task units", s.Target)
}

// Leave takes back what holder, a run's cluster attempt, has wanted of a cluster:
// before that goes on to other runs. It has an error when that could not be done.
func (f *Fitter) Leave(ctx context.Context, clusterID, holder string) error {
	if _, err := f.fit(ctx, &wish{a: run.Cluster{ID: clusterID, Name: holder}}); err != nil {
		return fmt.Errorf("take back the task units of %s: %w", holder, err)
	}
	return nil
}

// wish is what jobs of a run want of the cluster of an attempt.
type wish struct {
	rec   *run.Record // nil = the run leaves the cluster
	a     run.Cluster
	units int

	tried bool
	asked int64 // when an invocation has asked EMR for them that never heard the answer
}

func (f *Fitter) fit(ctx context.Context, w *wish) (taskSize, error) {
	if w.units == 0 {
		s, err := f.Sizes.get(ctx, w.a.ID)
		if err != nil || s.Version == 0 {
			s.Target = w.a.CountOf(run.Task)
			return s, err // nobody has ever wanted anything
		}
		if w.rec == nil && onTheWay(s.Asking[w.a.Name]) {
			return s, fault.New(fault.Throttled, "a call that resizes cluster %s may still be on its way", w.a.ID)
		}
	}
	for range tries {
		s, again, err := f.try(ctx, w)
		if !again {
			return s, err
		}
	}
	return taskSize{}, fault.New(fault.Throttled, "others keep resizing cluster %s", w.a.ID)
}

// try has EMR asked for what is wanted, if it does not know. again says that
// somebody else has changed that meanwhile and asked EMR too, before us or after us.
func (f *Fitter) try(ctx context.Context, w *wish) (s taskSize, again bool, err error) {
	s, err = f.Sizes.change(ctx, w.a.ID, w.note)
	if err != nil || len(s.Asking) == 0 {
		return s, false, err
	}
	n, err := f.resize(ctx, w, &s)
	if err != nil && (w.asked > 0 || !fault.IsRejected(err)) {
		return s, false, err // whoever comes next asks again
	}
	if delete(s.Asking, w.a.Name); onTheWay(w.asked) {
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

// onTheWay says whether a call that began then, in Unix seconds, may yet arrive.
func onTheWay(since int64) bool { return time.Since(time.Unix(since, 0)) < cluster.OnTheWay }

// note puts the wish into s, and that EMR is going to be asked for it unless it
// knows.
func (w *wish) note(s *taskSize) {
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

// resize asks EMR for what s says. The first time it has to look which fleet that is.
func (f *Fitter) resize(ctx context.Context, w *wish, s *taskSize) (n int, err error) {
	var p *profile.Profile
	switch n = s.units(); {
	case w.rec == nil:
		n = min(n, s.Target) // to have more is for those to ask who want it
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
			return n, nil // there is none to be made smaller
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
func (f *Fitter) allowed(ctx context.Context, w *wish, n int) (*profile.Profile, error) {
	name := w.rec.Spec.Cluster.Profile
	p, err := cluster.LoadProfile(ctx, f.Profiles, f.Stage, name)
	if err != nil {
		return nil, err
	}
	if all := w.a.CountOf(run.Core) + w.a.More(run.Core) + n; p.MaxUnits > 0 && all > p.MaxUnits {
		return nil, fault.New(fault.InvalidInput, "that makes %d core and task units, but profile %s allows %d (maxUnits)", all, name, p.MaxUnits)
	}
	return new(p.Rung(w.a.Rung)), nil
}

// find looks which fleet of the cluster has its task units, or would have them;
// one without an id and types says that there can be none.
func (f *Fitter) find(ctx context.Context, clusterID string, p *profile.Profile) (Fleet, error) {
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

// record keeps what the run has of its cluster from now on, for the cost.
func (f *Fitter) record(ctx context.Context, w *wish, s taskSize) {
	more := max(w.units, s.Base) - w.a.CountOf(run.Task)
	if w.rec == nil || more == w.a.More(run.Task) {
		return
	}
	id := w.rec.Run.ID
	slog.InfoContext(ctx, "task units changed", "runId", id, "clusterId", w.a.ID, "want", w.units, "units", s.Target)
	err := f.Runs.Resized(ctx, id, w.a.Attempt, run.Resize{At: time.Now(), Kind: run.Task, Type: s.Type, More: more, Note: "for its jobs"})
	if err != nil {
		slog.WarnContext(ctx, "the cost will be wrong by these units", "runId", id, "more", more, "error", err.Error())
	}
}
