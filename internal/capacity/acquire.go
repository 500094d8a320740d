// Package capacity has the states CreateCluster and TerminateCluster: a run
// acquires its capacity from the engine of its profile, waits until it is ready,
// and releases it on every way out.
//
// Tested by statemachines and internal/proof/simulation.
package capacity

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/engine"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/wait"
)

// Acquirer is the CreateCluster state.
type Acquirer struct {
	Settings stage.Settings
	Runs     *store.Runs
	Engines  engine.Set
	Waker    *wait.Waker
}

// AcquireInput is the payload of the CreateCluster state.
type AcquireInput struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
	Token     string `json:"token"`
}

// Acquire ensures that the run has exactly one capacity on its way and registers
// the token that is answered when jobs can run on it.
func (a *Acquirer) Acquire(ctx context.Context, in AcquireInput) (struct{}, error) {
	began := time.Now()
	rec, err := a.Runs.Load(ctx, in.RunID)
	if err != nil {
		return struct{}{}, err
	}
	if err := rec.Refuse(in.Execution); err != nil {
		return struct{}{}, fmt.Errorf("create cluster: %w", err)
	}
	if err := rec.MoreClusters(); err != nil {
		return struct{}{}, fmt.Errorf("create cluster: %w", err)
	}
	c, err := a.Engines.Of(rec).Acquire(ctx, rec)
	if err != nil {
		return struct{}{}, fmt.Errorf("create cluster for %s: %w", in.RunID, err)
	}
	return struct{}{}, a.Waker.Register(ctx, run.Waiter{
		RunID: in.RunID, Kind: run.ForCluster, Token: in.Token, Execution: in.Execution, ClusterID: c.ID,
		Limited: rec.Limited(), Since: began, CheckAt: c.CheckAt, Deadline: earlier(rec.Run.Deadline, c.RequestedAt.Add(a.Settings.Limits.ClusterReady.Std())),
	}, engine.View{Noted: c.New})
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
