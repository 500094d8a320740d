package resize

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"ephemr/internal/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/profile"
	"ephemr/internal/run"
)

// Fitter gives clusters the task units that jobs want, and takes them back. A
// pool's cluster has as many as that run wants that wants most.
type Fitter struct {
	Stage    string
	Runs     *run.Store
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
// of the jobs: what became of it, if something did, is a note for their records.
func (f *Fitter) Fit(ctx context.Context, rec *run.Record, a run.Cluster, want int) string {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := f.fit(ctx, rec, a, want)
	switch {
	case err != nil:
		slog.WarnContext(ctx, "task units not changed", "runId", rec.Run.ID, "clusterId", a.ID, "want", want, "error", err.Error())
		return "refused: " + err.Error()
	case s.Limits != "":
		return "left to managed scaling, " + s.Limits
	}
	return fmt.Sprintf("%d task units", s.Target)
}

// Leave takes back what the run of attempt a has wanted: before its cluster goes
// on to other runs. It has an error when that could not be done.
func (f *Fitter) Leave(ctx context.Context, rec *run.Record, a run.Cluster) error {
	if rec.Spec == nil || !rec.Spec.Resizes() || a.ID == "" {
		return nil
	}
	if _, err := f.fit(ctx, rec, a, 0); err != nil {
		return fmt.Errorf("take back the task units of run %s: %w", rec.Run.ID, err)
	}
	return nil
}

func (f *Fitter) fit(ctx context.Context, rec *run.Record, a run.Cluster, want int) (taskSize, error) {
	if want == 0 {
		if s, err := f.Sizes.get(ctx, a.ID); err != nil || s.Version == 0 {
			s.Target = a.CountOf(run.Task)
			return s, err // nobody has ever wanted anything
		}
	}
	for range tries {
		s, again, err := f.try(ctx, rec, a, want)
		if !again {
			return s, err
		}
	}
	return taskSize{}, fault.New(fault.Throttled, "others keep resizing cluster %s", a.ID)
}

// try has EMR asked for what is wanted, if it does not know. again says that
// somebody else has changed that meanwhile and asked EMR too, before us or after us.
func (f *Fitter) try(ctx context.Context, rec *run.Record, a run.Cluster, want int) (s taskSize, again bool, err error) {
	asked := false // by us before, and nobody knows what EMR made of it
	s, err = f.Sizes.change(ctx, a.ID, func(s *taskSize) {
		_, asked = s.Asking[a.Name]
		s.want(a, want)
	})
	if err != nil || len(s.Asking) == 0 {
		return s, false, err
	}
	n, err := f.resize(ctx, rec, a, &s)
	if err != nil && (asked || !fault.Refused(err)) {
		return s, false, err // whoever comes next asks again
	}
	if delete(s.Asking, a.Name); err == nil {
		s.Target = n
	}
	alone, putErr := f.Sizes.put(ctx, &s)
	if err = errors.Join(err, putErr); err != nil || !alone {
		return s, err == nil, err
	}
	f.note(ctx, rec, a, s, want)
	return s, false, nil
}

// want notes what a run's jobs want of its cluster, and that EMR is going to be
// asked for it, unless it knows.
func (s *taskSize) want(a run.Cluster, n int) {
	if s.Version == 0 {
		s.Base = a.CountOf(run.Task)
		s.Target = s.Base
	}
	delete(s.Wants, a.Name)
	if n > 0 {
		s.Wants[a.Name] = n
	}
	switch {
	case s.Limits != "":
		clear(s.Asking)
	case len(s.Asking) > 0 || s.units() != s.Target:
		s.Asking[a.Name] = s.units()
	}
}

// resize asks EMR for what s says. The first time it has to look which fleet that is.
func (f *Fitter) resize(ctx context.Context, rec *run.Record, a run.Cluster, s *taskSize) (int, error) {
	n := s.units()
	var p *profile.Profile
	if n > s.Target {
		var err error
		if p, err = f.allowed(ctx, rec, a, n); err != nil {
			return n, err
		}
	}
	c := Change{Fleet: Fleet{ID: s.Fleet}}
	if s.Fleet == "" {
		var err error
		if c.Fleet, err = f.find(ctx, a.ID, p); err != nil {
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
	var err error
	c.OnDemand, c.Spot = s.split(n)
	s.Fleet, err = resizeFleet(ctx, f.EMR, a.ID, c, p)
	return n, err
}

// allowed returns the shape that the cluster was made from, unless that forbids
// so many task units.
func (f *Fitter) allowed(ctx context.Context, rec *run.Record, a run.Cluster, n int) (*profile.Profile, error) {
	name := rec.Spec.Cluster.Profile
	p, err := cluster.LoadProfile(ctx, f.Profiles, f.Stage, name)
	if err != nil {
		return nil, err
	}
	if all := a.CountOf(run.Core) + a.More(run.Core) + n; p.MaxUnits > 0 && all > p.MaxUnits {
		return nil, fault.New(fault.InvalidInput, "that makes %d core and task units, but profile %s allows %d (maxUnits)", all, name, p.MaxUnits)
	}
	return new(p.Rung(a.Rung)), nil
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

// note keeps in the run's record what it has of its cluster from now on, for the
// cost.
func (f *Fitter) note(ctx context.Context, rec *run.Record, a run.Cluster, s taskSize, want int) {
	more := max(want, s.Base) - a.CountOf(run.Task)
	if more == a.More(run.Task) {
		return
	}
	slog.InfoContext(ctx, "task units changed", "runId", rec.Run.ID, "clusterId", a.ID, "want", want, "units", s.Target)
	err := f.Runs.Resized(ctx, rec.Run.ID, a.Attempt, run.Resize{At: time.Now(), Kind: run.Task, Type: s.Type, More: more, Note: "for its jobs"})
	if err != nil {
		slog.WarnContext(ctx, "the cost will be wrong by these units", "runId", rec.Run.ID, "more", more, "error", err.Error())
	}
}
