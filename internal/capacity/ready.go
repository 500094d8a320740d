package capacity

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// Looker finds out whether a capacity is ready.
type Looker struct {
	Runs    *store.Runs
	Engines engine.Set
}

// Ready is the answer to the CreateCluster state.
type Ready struct {
	ClusterID string `json:"clusterId"`
	Attempt   int    `json:"attempt"`
}

// Look answers when the capacity that rec waits for is ready or never will be.
func (l *Looker) Look(ctx context.Context, rec *run.Record, v engine.View) (*wait.Answer, error) {
	a := rec.Cluster()
	if a == nil || a.ID == "" || a.ID != rec.Waiter.ClusterID {
		return nil, nil //nolint:nilnil // nothing has happened yet, and that is no error
	}
	c, err := l.Engines.Of(rec).Observe(ctx, rec, v)
	if err != nil {
		return nil, err
	}
	switch {
	case c.State.Ready():
		answer, err := l.ready(ctx, rec, *a)
		return answer.AndThen(c.After), err
	case c.State == engine.Gone:
		answer, err := l.failed(ctx, rec, *a, c)
		return answer.AndThen(c.After), err
	case time.Now().After(rec.Waiter.Deadline):
		if c.Class == "" {
			c.Class, c.Reason = job.ClassTimeout, fmt.Sprintf("not ready after %s", time.Since(a.CreatedAt).Round(time.Second))
		}
		return l.failed(ctx, rec, *a, c)
	}
	return nil, nil //nolint:nilnil // nothing has happened yet, and that is no error
}

func (l *Looker) ready(ctx context.Context, rec *run.Record, a run.Cluster) (*wait.Answer, error) {
	from := a.State
	if from == run.ClusterCreated {
		a.State, a.ReadyAt = run.ClusterReady, time.Now()
		if _, err := l.Runs.ReplaceCluster(ctx, rec.Run.ID, a, from, a.Intent); err != nil {
			return nil, err
		}
	}
	return &wait.Answer{Output: Ready{ClusterID: a.ID, Attempt: a.Attempt}}, nil
}

// failed ends an attempt to get capacity. The workflow makes another one when
// that may succeed and no job has begun.
func (l *Looker) failed(ctx context.Context, rec *run.Record, a run.Cluster, c engine.Capacity) (*wait.Answer, error) {
	from := a.State
	a.State, a.Class, a.Reason, a.EndedAt = run.ClusterFailed, c.Class, c.Reason, time.Now()
	if from != run.ClusterFailed {
		if _, err := l.Runs.ReplaceCluster(ctx, rec.Run.ID, a, from, a.Intent); err != nil {
			return nil, err
		}
	}
	name := fault.JobFailed
	switch {
	case c.Class == job.ClassTimeout:
		name = fault.Timeout
	case c.Retry: // nothing has begun on it
		name = fault.Capacity
	}
	return &wait.Answer{Err: fault.New(name, "cluster %s never got ready: %s", a.ID, a.Reason)}, nil
}
