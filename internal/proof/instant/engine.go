package instant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"ephemr/events"
	"ephemr/internal/engine"
	"ephemr/internal/job"
	"ephemr/internal/result"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// Engine is the service as an engine.
type Engine struct {
	*Service

	Runs    *store.Runs
	Results *result.Reader
}

var (
	_ engine.Engine   = (*Engine)(nil)
	_ engine.Listener = (*Engine)(nil)
)

// Capabilities are those of a simple service.
func (*Engine) Capabilities() engine.Capabilities {
	return engine.Capabilities{JobTypes: []job.Type{job.Spark, job.Bash, job.Jar, job.Quality}, Users: true}
}

// Acquire opens the run's capacity under the name of its newest attempt.
func (e *Engine) Acquire(ctx context.Context, rec *run.Record) (engine.Capacity, error) {
	a := rec.Cluster()
	if a == nil || a.Restart < rec.Run.Restarts || a.State == run.ClusterFailed || a.State == run.ClusterTerminating {
		next := run.Cluster{Attempt: 1, Restart: rec.Run.Restarts, State: run.ClusterIntended, Intent: "instant", IntentAt: time.Now()}
		if a != nil {
			next.Attempt = a.Attempt + 1
		}
		next.Name = run.ClusterName(rec.Run.ID, next.Attempt)
		if _, err := e.Runs.CreateClusterAttempt(ctx, rec.Run.ID, next); err != nil {
			return engine.Capacity{}, err
		}
		a = &next
	}
	if a.State == run.ClusterIntended {
		if err := e.openCapacity(ctx, a.Name); err != nil {
			return engine.Capacity{}, err
		}
		a.ID, a.State, a.CreatedAt = a.Name, run.ClusterCreated, time.Now()
		if _, err := e.Runs.ReplaceCluster(ctx, rec.Run.ID, *a, run.ClusterIntended, a.Intent); err != nil {
			return engine.Capacity{}, err
		}
	}
	return engine.Capacity{ID: a.ID, RequestedAt: a.CreatedAt}, nil
}

// Observe returns whether the capacity is open.
func (e *Engine) Observe(ctx context.Context, rec *run.Record, _ engine.View) (engine.Capacity, error) {
	all, err := e.list(ctx)
	return capacity(rec.Waiter.ClusterID, all[rec.Waiter.ClusterID]), err
}

func capacity(name string, open bool) engine.Capacity {
	if open {
		return engine.Capacity{ID: name, State: engine.Idle}
	}
	return engine.Capacity{ID: name, State: engine.Gone, Class: job.ClassLost, Reason: "it was closed"}
}

// Release closes every capacity that the run may have.
func (e *Engine) Release(ctx context.Context, rec *run.Record) (out engine.Released, err error) {
	for _, a := range rec.Clusters {
		if err := e.closeCapacity(ctx, a.Name); err != nil {
			return out, err
		}
		out.Ended = append(out.Ended, a.Name)
		from := a.State
		a.State, a.EndedAt = run.ClusterTerminating, time.Now()
		if from == run.ClusterTerminating || from == run.ClusterFailed {
			continue
		}
		if _, err := e.Runs.ReplaceCluster(ctx, rec.Run.ID, a, from, a.Intent); err != nil {
			return out, err
		}
	}
	return out, nil
}

// Submit starts attempts. Their names are tokens: one whose answer was lost is
// started again without harm.
func (e *Engine) Submit(ctx context.Context, rec *run.Record, starts []engine.Start) (handles []engine.Handle, err error) {
	c := rec.Cluster().Name
	for _, x := range starts {
		if _, err = x.Store(ctx); err == nil {
			err = e.start(ctx, c, x.Job.Step())
		}
		if errors.Is(err, errClosed) {
			return handles, &engine.LostError{Capacity: capacity(c, false)}
		} else if err != nil {
			return handles, &engine.NotSubmittedError{Err: err}
		}
		handles = append(handles, engine.Handle{Job: x.Job.Name, CapacityID: c, ID: c + "/" + x.Job.Step()})
	}
	return handles, nil
}

// Find looks for attempts by name.
func (e *Engine) Find(ctx context.Context, rec *run.Record, jobs []*run.Job) (found []engine.Handle, err error) {
	c := rec.Cluster().Name
	for _, j := range jobs {
		_, ok, err := e.get(ctx, c+"/"+j.Step())
		if err != nil {
			return found, err
		}
		if ok {
			found = append(found, engine.Handle{Job: j.Name, CapacityID: c, ID: c + "/" + j.Step()})
		}
	}
	return found, nil
}

// Attempts says how those in flight stand.
func (e *Engine) Attempts(ctx context.Context, rec *run.Record, _ engine.View) (all []engine.Attempt, c engine.Capacity, err error) {
	open, err := e.list(ctx)
	if err != nil {
		return nil, c, err
	}
	for _, j := range rec.InFlight() {
		a, _, err := e.get(ctx, j.StepID)
		if err != nil {
			return all, c, err
		}
		if a.State == Running {
			continue
		}
		r, err := e.Results.Read(ctx, rec.Run, j)
		if err != nil {
			return all, c, err
		}
		v := result.Verdict{Over: true, Class: job.ClassLost, Reason: "the attempt ended and its runner left no result"}
		switch {
		case r != nil:
			v = result.Of(*r, a.State == Succeeded, string(a.State))
		case a.State == Cancelled:
			v.Class, v.Reason = job.ClassCancelled, "the attempt was cancelled"
		}
		all = append(all, engine.Attempt{Verdict: v, Job: j.Name, Result: r})
	}
	return all, capacity(rec.Waiter.ClusterID, open[rec.Waiter.ClusterID]), nil
}

// Stop cancels the attempts in flight.
func (e *Engine) Stop(ctx context.Context, rec *run.Record, kill bool) error {
	var errs []error
	for _, j := range rec.InFlight() {
		errs = append(errs, e.cancel(ctx, j.StepID, kill))
	}
	return errors.Join(errs...)
}

// Live lists all capacity.
func (e *Engine) Live(ctx context.Context, _ []string, _ time.Time) iter.Seq2[engine.Capacity, error] {
	return func(yield func(engine.Capacity, error) bool) {
		all, err := e.list(ctx)
		if err != nil {
			yield(engine.Capacity{}, err)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !yield(capacity(name, all[name]), nil) {
				return
			}
		}
	}
}

// Shared is never the case.
func (*Engine) Shared(context.Context, string, string) bool { return false }

// Sweep closes the capacity of runs that are over, restarted or not known.
func (e *Engine) Sweep(ctx context.Context, _ func(string) bool) (swept engine.Swept, err error) {
	all, err := e.list(ctx)
	errs := []error{err}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		rec, err := e.Runs.Load(ctx, run.OfCluster(name))
		if err != nil && !run.IsUnknown(err) {
			errs = append(errs, err)
			continue
		}
		why := engine.OrphanReason(rec, name)
		if !all[name] || why == "" || rec != nil && rec.Run.State.Final() && time.Since(rec.Run.EndedAt) < time.Minute {
			continue
		}
		if err := e.closeCapacity(ctx, name); err != nil {
			errs = append(errs, err)
			continue
		}
		swept.Repairs = append(swept.Repairs, events.Repaired{What: "cluster-terminated", RunID: run.OfCluster(name), ClusterID: name, Reason: why})
	}
	return swept, errors.Join(errs...)
}

// Hints reads the service's only event: the name of the capacity of an attempt
// that has ended.
func (*Engine) Hints(_ context.Context, in events.Envelope) ([]engine.Hint, func(context.Context), bool, error) {
	if in.DetailType != AttemptEnded {
		return nil, nil, false, nil
	}
	var name string
	if err := json.Unmarshal(in.Detail, &name); err != nil {
		return nil, nil, true, fmt.Errorf("read event %s: %w", in.ID, err)
	}
	return []engine.Hint{{RunID: run.OfCluster(name), Kinds: []string{run.ForSteps, run.ForStop}}}, nil, true, nil
}
