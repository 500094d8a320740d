package hold

import (
	"context"

	"ephemr/internal/decide"
	"ephemr/internal/engine"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// Approvals finds out whether a person has decided.
type Approvals struct {
	Runs *store.Runs
}

// Decided is the answer to the AwaitApproval state.
type Decided struct {
	Next string `json:"next"` // one of the constants below
}

// What the run does after a decision.
const (
	NextFinish  = "finish"
	NextSteps   = "steps"   // on the cluster that it has
	NextCluster = "cluster" // on another one
	NextObjects = "objects" // it has had no cluster, and waits for objects first
)

// Look answers when the run can do something else than wait for a decision.
func (a *Approvals) Look(ctx context.Context, rec *run.Record, _ engine.View) (*wait.Answer, error) {
	if err := decide.Expire(ctx, a.Runs, rec); err != nil {
		return nil, err
	}
	if err := decide.Skip(ctx, a.Runs, rec); err != nil {
		return nil, err
	}
	if decide.Held(rec) {
		return nil, nil //nolint:nilnil // not yet, and that is no error
	}
	if rec.Waiter.Remaining > 0 {
		if err := resumed(ctx, a.Runs, rec); err != nil {
			return nil, err
		}
	}
	return &wait.Answer{Output: Decided{Next: next(rec)}}, nil
}

func next(rec *run.Record) string {
	c := rec.Cluster()
	mine := c != nil && c.Restart == rec.Run.Restarts
	switch {
	case decide.Over(rec):
		return NextFinish
	case mine && c.State == run.ClusterReady:
		return NextSteps
	case !mine && rec.Spec.WaitFor != nil:
		return NextObjects
	}
	return NextCluster
}
