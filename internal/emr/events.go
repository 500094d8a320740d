package emr

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/events"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/step"
	"ephemr/internal/engine"
	"ephemr/internal/run"
)

// Hints reads EMR's events. They are best effort: lost, doubled, late and out of
// order, so they say which runs to check, and no more than that a step has ended.
func (e *Engine) Hints(ctx context.Context, in events.Envelope) (hints []engine.Hint, after func(context.Context), ok bool, err error) {
	switch in.DetailType {
	case events.TypeClusterState:
		var d events.ClusterState
		if err := json.Unmarshal(in.Detail, &d); err != nil {
			return nil, nil, true, fmt.Errorf("read event %s: %w", in.ID, err)
		}
		hints, after, err = e.ofCluster(ctx, d)
		return hints, after, true, err
	case events.TypeStepStatus:
		var d events.StepStatus
		if err := json.Unmarshal(in.Detail, &d); err != nil {
			return nil, nil, true, fmt.Errorf("read event %s: %w", in.ID, err)
		}
		hints, err = e.ofStep(ctx, d)
		return hints, nil, true, err
	case events.TypeProvisioning:
		var d events.FleetProvisioning
		if err := json.Unmarshal(in.Detail, &d); err != nil {
			return nil, nil, true, fmt.Errorf("read event %s: %w", in.ID, err)
		}
		hints, err = e.ofFleet(ctx, d)
		return hints, nil, true, err
	}
	return nil, nil, false, nil
}

// ofStep records that a step of a run has ended. On a cluster that several runs use,
// the step's name says whose it is. Nothing waits for a step that carries no attempt
// in flight.
func (e *Engine) ofStep(ctx context.Context, d events.StepStatus) (hints []engine.Hint, _ error) {
	name, attempt, ok := run.AttemptOf(d.Name)
	if !ok || !step.Over(types.StepState(d.State)) {
		return nil, nil
	}
	owners := []engine.Hint{{RunID: run.OfStep(d.Name)}}
	if owners[0].RunID == "" {
		var err error
		if owners, err = e.ofRuns(ctx, d.ClusterID, ""); err != nil {
			return nil, err
		}
	}
	for _, h := range owners {
		end := run.StepEnd{ClusterID: d.ClusterID, StepID: d.StepID, State: d.State}
		ok, err := e.Manager.Runs.StepEnded(ctx, h.RunID, name, attempt, end)
		if err != nil {
			return hints, err
		}
		if ok {
			hints = append(hints, engine.Hint{RunID: h.RunID, Kinds: []string{run.ForSteps, run.ForStop}, Noted: true})
		}
	}
	return hints, nil
}

// ofFleet is what an event about missing instances says: it is recorded, because
// EMR does not say it when the cluster is described. A cluster starts without its
// task units.
func (e *Engine) ofFleet(ctx context.Context, d events.FleetProvisioning) ([]engine.Hint, error) {
	if d.EventCode != events.CodeInsufficientCapacity || d.InstanceFleetType == string(types.InstanceFleetTypeTask) {
		return nil, nil
	}
	hints, err := e.ofRuns(ctx, d.ClusterID, run.OfCluster(d.Name), run.ForCluster)
	if err != nil {
		return nil, err
	}
	for _, h := range hints {
		if err := e.NoteShortage(ctx, h.RunID, d.ClusterID, d.Message); err != nil {
			return nil, err
		}
	}
	return hints, nil
}

// ofCluster is what a cluster's event says. STARTING and RUNNING change nothing
// that a run waits for, and WAITING is news only to runs that wait for the
// cluster: each call that is not made saves EMR's small call budget.
func (e *Engine) ofCluster(ctx context.Context, d events.ClusterState) ([]engine.Hint, func(context.Context), error) {
	byName := run.OfCluster(d.Name)
	switch cluster.State(types.ClusterState(d.State)) {
	case engine.Starting, engine.Busy:
		return nil, nil, nil
	case engine.Idle:
		hints, err := e.ofRuns(ctx, d.ClusterID, byName, run.ForCluster)
		return hints, nil, err
	case engine.Gone, engine.Unknown:
	}
	if err := e.Manager.Pools.MarkGone(ctx, d.ClusterID); err != nil {
		return nil, nil, err
	}
	hints, err := e.ofRuns(ctx, d.ClusterID, byName)
	return hints, func(ctx context.Context) { e.Manager.Registration.Deregister(ctx, d.ClusterID) }, err
}

// ofRuns hints the runs that use a cluster. byName is the run that the cluster's
// name is made from: its record may be written only now.
func (e *Engine) ofRuns(ctx context.Context, clusterID, byName string, kinds ...string) ([]engine.Hint, error) {
	ids, known, err := e.Manager.Registration.Registry.Runs(ctx, clusterID)
	if err != nil {
		return nil, err
	}
	switch {
	case !known && byName != "":
		ids = []string{byName}
	case !known:
		slog.DebugContext(ctx, "event of a cluster that is not ours", "clusterId", clusterID)
	}
	var hints []engine.Hint
	for _, id := range ids {
		hints = append(hints, engine.Hint{RunID: id, Kinds: kinds})
	}
	return hints, nil
}
