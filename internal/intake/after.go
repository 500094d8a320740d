package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"ephemr/events"
	"ephemr/internal/calendar"
	"ephemr/internal/fault"
	"ephemr/internal/follow"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// Followers reads what pipelines wait for.
type Followers interface {
	// Followers are the pipelines that wait for runs of another.
	Followers(ctx context.Context, upstream string) ([]string, error)
	// Schedules are the schedules of a pipeline.
	Schedules(ctx context.Context, name string) ([]calendar.Schedule, error)
}

// After makes the runs of pipelines that wait for runs of others.
type After struct {
	Store     *follow.Store
	Skips     follow.Skips
	Followers Followers
}

// finished returns the runs that the end of a run requests. The event only says where to
// look.
func (k *Intake) finished(ctx context.Context, detail json.RawMessage) ([]NewRun, error) {
	var e events.RunFinished
	if err := json.Unmarshal(detail, &e); err != nil {
		return nil, invalid(run.ByAfter, "read event RunFinished: %w", err)
	}
	x, ok, err := k.success(ctx, e.RunID)
	if err != nil || !ok {
		return nil, err
	}
	if err := k.After.Store.Record(ctx, x); err != nil { // before it is looked who waits: the last of several sees all
		return nil, err
	}
	names, err := k.After.Followers.Followers(ctx, x.Pipeline)
	if err != nil {
		return nil, err
	}
	var all []NewRun
	for _, name := range names {
		some, err := k.following(ctx, name, x, time.Time{})
		if err != nil {
			return nil, fmt.Errorf("pipeline %s after run %s: %w", name, x.RunID, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// success is that of a run, and false if there is none.
func (k *Intake) success(ctx context.Context, runID string) (follow.Success, bool, error) {
	r, err := k.Runs.Peek(ctx, runID)
	if err != nil || r == nil {
		return follow.Success{}, false, err
	}
	x, ok := follow.Of(*r)
	return x, ok, nil
}

// following returns the runs of a pipeline that are due because of a success; of those of
// only one logical time, if only is not zero. Those of a paused pipeline are kept until it
// is resumed.
func (k *Intake) following(ctx context.Context, name string, x follow.Success, only time.Time) ([]NewRun, error) {
	v, err := k.Pipelines.Current(ctx, name)
	if err != nil || v == nil {
		return nil, err
	}
	decider := &follow.Decider{Successes: k.After.Store, Skips: k.After.Skips, Upstream: k.upstream}
	due, err := decider.Due(ctx, &v.Spec, x)
	if err != nil {
		return nil, err
	}
	var all []NewRun
	for _, d := range due {
		if !only.IsZero() && !d.Logical.Equal(only) {
			continue
		}
		some, fresh, err := k.afterRuns(ctx, &v.Spec, d, x)
		if err != nil {
			return nil, err
		}
		if v.Paused && fresh {
			if err := k.owe(ctx, name, d, x); err != nil {
				return nil, err
			}
			continue
		}
		all = append(all, some...)
	}
	return all, nil
}

// owe keeps what is due of a paused pipeline.
func (k *Intake) owe(ctx context.Context, name string, d follow.Due, x follow.Success) error {
	kept, err := k.After.Store.Owe(ctx, follow.Owed{Pipeline: name, Logical: d.Logical, Cause: x.RunID, At: time.Now().UTC()})
	if err == nil && !kept {
		err = fault.New(fault.Throttled, "pipeline %s was resumed at the same moment", name) // the message comes again
	}
	return err
}

// upstream is a pipeline that another waits for, or nil if it is not registered.
func (k *Intake) upstream(ctx context.Context, name string) (*follow.Upstream, error) {
	v, err := k.Pipelines.Current(ctx, name)
	if err != nil || v == nil {
		return nil, err
	}
	u := &follow.Upstream{Name: name, Matrix: v.Spec.Matrix}
	if slices.ContainsFunc(v.Spec.Triggers, func(t pipeline.Trigger) bool { return t.Schedule != "" }) {
		u.Schedules, err = k.After.Followers.Schedules(ctx, name)
	}
	return u, err
}

// afterRuns are the runs, one for each value of a matrix, that are to be created or admitted.
// When they exist, an upstream that has succeeded again makes others, if its trigger says
// so. fresh says that some do not exist.
func (k *Intake) afterRuns(ctx context.Context, spec *pipeline.Spec, d follow.Due, x follow.Success) (runs []NewRun, fresh bool, _ error) {
	runs, fresh, again, err := k.newAfter(ctx, spec, d, x)
	if err != nil || fresh || !again || !rerun(spec, x.Pipeline) {
		return runs, fresh, err
	}
	d.Identity = append(slices.Clone(d.Identity), "rerun", x.RunID)
	runs, fresh, _, err = k.newAfter(ctx, spec, d, x)
	return runs, fresh, err
}

// newAfter are the runs for one identity. again says that x succeeded after they were
// requested.
func (k *Intake) newAfter(ctx context.Context, spec *pipeline.Spec, d follow.Due, x follow.Success) (runs []NewRun, fresh, again bool, _ error) {
	all, err := k.requestAfter(ctx, spec, d)
	if err != nil {
		return nil, false, false, err
	}
	for _, w := range all {
		r, err := k.Runs.Peek(ctx, w.Run.ID)
		switch {
		case err != nil:
			return nil, false, false, err
		case r == nil:
			runs, fresh = append(runs, w), true
		case x.EndedAt.After(r.RequestedAt) && !slices.Contains(r.Trigger.Upstream, x.RunID):
			again = true
		case r.State == run.Queued: // the invocation that has created it may have died before it invoked admission
			runs = append(runs, w)
		}
	}
	return runs, fresh, again, nil
}

func rerun(spec *pipeline.Spec, upstream string) bool {
	return slices.ContainsFunc(spec.After().On, func(t pipeline.AfterTrigger) bool { return t.Pipeline == upstream && t.Rerun == pipeline.RerunAlways })
}

// requestAfter returns the runs, one for each value of a matrix, that are due.
func (k *Intake) requestAfter(ctx context.Context, spec *pipeline.Spec, d follow.Due) ([]NewRun, error) {
	a := spec.After()
	request := RunRequest{
		Pipeline: spec.Name, Params: a.Params, Logical: d.Logical, Occasion: &d.Occasion, Priority: a.Priority, RequestedAt: time.Now(),
		Trigger: run.Trigger{Kind: run.ByAfter, Upstream: d.Runs}, Dated: true, Also: d.Identity, Due: true,
	}
	runs, err := request.NewRuns(ctx, k.Settings, k.Pipelines, k.Users, k.Engines)
	if IsInvalid(err) { // an error in one pipeline must not affect the others
		runs, err = []NewRun{request.rejected(err, nil)}, nil
	}
	return runs, err
}

// resumed makes what became due while pipelines were paused that have been resumed since, as
// catchup says. It returns the ids of the runs.
func (k *Intake) resumed(ctx context.Context) ([]string, error) {
	all, err := follow.ReadOwed(ctx, k.After.Store.DB, k.After.Store.Table, "")
	if err != nil {
		return nil, err
	}
	var ids []string
	for len(all) > 0 {
		name := all[0].Pipeline
		n := slices.IndexFunc(all, func(o follow.Owed) bool { return o.Pipeline != name })
		if n < 0 {
			n = len(all)
		}
		some, err := k.resume(ctx, name, all[:n])
		if err != nil {
			return ids, fmt.Errorf("runs of %s that became due while it was paused: %w", name, err)
		}
		ids, all = append(ids, some...), all[n:]
	}
	return ids, nil
}

// resume makes or skips what is due of one pipeline. What is not made is removed first: an
// invocation that dies leaves what the next one decides in the same way.
func (k *Intake) resume(ctx context.Context, name string, owed []follow.Owed) (ids []string, _ error) {
	v, err := k.Pipelines.Current(ctx, name)
	if err != nil || v != nil && v.Paused {
		return nil, err
	}
	a := &pipeline.After{}
	catchup := pipeline.CatchupNone // deleted, or without such a trigger
	if v != nil && v.Spec.After() != nil {
		a = v.Spec.After()
		catchup = cmp.Or(v.ResumedWith, a.Catchup, calendar.DefaultCatchup)
	}
	made, skipped := follow.Chosen(owed, catchup)
	for _, o := range skipped {
		if err := k.After.Store.Skip(ctx, o, follow.Label(*a), fmt.Sprintf("became due while the pipeline was paused, resumed with catchup %s", catchup), time.Now()); err != nil {
			return ids, err
		}
	}
	for _, o := range made {
		some, err := k.make(ctx, o)
		if err != nil {
			return ids, err
		}
		if err := k.After.Store.Settle(ctx, o); err != nil {
			return ids, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// make makes the runs of what is due.
func (k *Intake) make(ctx context.Context, o follow.Owed) (ids []string, _ error) {
	x, ok, err := k.success(ctx, o.Cause)
	if err != nil || !ok {
		return nil, err
	}
	runs, err := k.following(ctx, o.Pipeline, x, o.Logical)
	if err != nil {
		return nil, err
	}
	for _, w := range runs {
		notice, err := report(ctx, k.Pipelines, k.Notices, k.Settings.Stage, w.Run)
		if err != nil {
			return ids, err
		}
		id, _, err := k.Runs.Create(ctx, w.Run, w.Spec, notice...)
		if err != nil && !run.IsRefused(err) {
			return ids, err
		}
		slog.InfoContext(ctx, "run requested", "runId", id, "after", o.Cause)
		ids = append(ids, id)
	}
	return ids, nil
}
