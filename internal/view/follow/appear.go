package follow

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/run"
)

// noteAfter is the waiting time before a note is emitted.
const noteAfter = 3 * time.Second

// appear waits until a run is recorded.
func (f *Follower) appear(ctx context.Context, id string, emit func(Update)) (*run.Record, error) {
	var rec *run.Record
	err := f.wait(ctx, "run "+id, emit, func() (bool, error) {
		var err error
		rec, err = f.Runs.Load(ctx, id)
		if run.IsUnknown(err) {
			return false, nil
		}
		return err == nil, err
	})
	return rec, err
}

// WaitFor returns the newest run of a pipeline that match accepts: how to find
// the run that an upload or an event causes. It looks at the newest 50 runs.
func (f *Follower) WaitFor(ctx context.Context, pipeline string, match func(run.Run) bool, emit func(Update)) (run.Run, error) {
	var found run.Run
	err := f.wait(ctx, "a run of pipeline "+pipeline, emit, func() (bool, error) {
		var err error
		found, err = f.find(ctx, pipeline, match)
		return err == nil && found.ID != "", err
	})
	return found, err
}

// Arrival waits for the run that a request causes. The run's id is known, but
// not if it is rejected: then it is found by match.
func (f *Follower) Arrival(ctx context.Context, id, pipeline string, match func(run.Run) bool, emit func(Update)) (run.Run, error) {
	var found run.Run
	err := f.wait(ctx, "run "+id, emit, func() (bool, error) {
		rec, err := f.Runs.Load(ctx, id)
		if err == nil {
			found = rec.Run
			return true, nil
		}
		if !run.IsUnknown(err) {
			return false, err
		}
		found, err = f.find(ctx, pipeline, match)
		return err == nil && found.ID != "", err
	})
	return found, err
}

func (f *Follower) find(ctx context.Context, pipeline string, match func(run.Run) bool) (run.Run, error) {
	runs, err := f.Runs.List(ctx, run.Query{Pipeline: pipeline, Limit: 50})
	if err != nil {
		return run.Run{}, err
	}
	for _, r := range runs {
		if match(r) {
			return r, nil
		}
	}
	return run.Run{}, nil
}

// wait tries until it is there, for as long as f allows.
func (f *Follower) wait(ctx context.Context, what string, emit func(Update), there func() (bool, error)) error {
	began, noted := time.Now(), false
	var t outage
	for {
		ok, err := there()
		if ok {
			return nil
		}
		if err := t.with(ctx, what, patience, err, emit); err != nil {
			return err
		}
		waited := time.Since(began)
		if waited >= f.Within {
			return &AbsentError{What: what, Waited: waited}
		}
		if waited >= noteAfter && !noted {
			noted = true
			emit(Note{At: time.Now(), Text: fmt.Sprintf("waiting for %s to be recorded", what)})
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// AbsentError reports that a run did not appear.
type AbsentError struct {
	What   string
	Waited time.Duration
}

func (e *AbsentError) Error() string {
	if e.Unknown() {
		return e.What + " does not exist"
	}
	return fmt.Sprintf("%s did not appear within %s", e.What, e.Waited.Round(time.Second))
}

// Unknown reports whether the run was not waited for: it is not expected to
// appear.
func (e *AbsentError) Unknown() bool { return e.Waited < noteAfter }
