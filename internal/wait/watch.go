package wait

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/events"
	"ephemr/internal/run"
)

// ListAPI sees all clusters at once.
type ListAPI interface {
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
}

// Registry knows whose a cluster is.
type Registry interface {
	Run(ctx context.Context, clusterID string) (string, error)
}

// Watch is the watch function: EMR's events and the minute tick come in, and
// waiters are woken.
type Watch struct {
	Waker    *Waker
	Clusters Registry
	EMR      ListAPI
}

// Handle takes an EMR event as a hint, and anything else as the tick.
func (w *Watch) Handle(ctx context.Context, e events.Envelope) (struct{}, error) {
	switch e.DetailType {
	case events.TypeClusterState:
		var d events.ClusterState
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			return struct{}{}, fmt.Errorf("read event %s: %w", e.ID, err)
		}
		return struct{}{}, w.cluster(ctx, d)
	case events.TypeStepStatus:
		var d events.StepStatus
		if err := json.Unmarshal(e.Detail, &d); err != nil {
			return struct{}{}, fmt.Errorf("read event %s: %w", e.ID, err)
		}
		if d.State == string(types.StepStatePending) || d.State == string(types.StepStateRunning) {
			return struct{}{}, nil // nobody waits for that
		}
		return struct{}{}, w.hint(ctx, d.ClusterID, "", run.ForSteps)
	}
	return struct{}{}, w.Tick(ctx)
}

// cluster takes a cluster's event. STARTING and RUNNING change nothing that
// anybody waits for, and WAITING is news only to those who wait for the
// cluster: each call that is not made is one less of EMR's small budget.
func (w *Watch) cluster(ctx context.Context, d events.ClusterState) error {
	byName := run.OfCluster(d.Name)
	switch types.ClusterState(d.State) {
	case types.ClusterStateStarting, types.ClusterStateBootstrapping, types.ClusterStateRunning:
		return nil
	case types.ClusterStateWaiting:
		return w.hint(ctx, d.ClusterID, byName, run.ForCluster)
	case types.ClusterStateTerminating, types.ClusterStateTerminated, types.ClusterStateTerminatedWithErrors:
	}
	return w.hint(ctx, d.ClusterID, byName)
}

// hint wakes the run that a cluster belongs to, if it waits for one of the kinds
// in only.
func (w *Watch) hint(ctx context.Context, clusterID, byName string, only ...string) error {
	id, err := w.Clusters.Run(ctx, clusterID)
	if err != nil {
		return err
	}
	if id == "" {
		id = byName // its record is being written right now
	}
	if id == "" {
		slog.DebugContext(ctx, "not one of our clusters", "clusterId", clusterID)
		return nil
	}
	if err := w.Waker.Wake(ctx, id, only...); !run.IsUnknown(err) {
		return err
	}
	slog.InfoContext(ctx, "the cluster is named like one of ours but its run is not known", "clusterId", clusterID, "runId", id)
	return nil
}

// Tick wakes every waiter for whom something may have happened without anybody
// noticing: one walk through the waiters and one through the clusters, however
// many runs there are.
func (w *Watch) Tick(ctx context.Context) error {
	var waiters []run.Waiter
	if err := w.Waker.Runs.Waiters(ctx, func(x run.Waiter) error {
		waiters = append(waiters, x)
		return nil
	}); err != nil {
		return err
	}
	if len(waiters) == 0 {
		return nil
	}
	states, err := w.states(ctx, waiters)
	if err != nil {
		return err
	}
	var errs []error
	for _, x := range waiters {
		if !w.due(x, states[x.ClusterID]) {
			continue
		}
		if err := w.Waker.Wake(ctx, x.RunID); err != nil {
			errs = append(errs, err) // the others must not suffer
		}
	}
	return errors.Join(errs...)
}

// states asks EMR for the states of all clusters that somebody waits for.
func (w *Watch) states(ctx context.Context, waiters []run.Waiter) (map[string]types.ClusterState, error) {
	oldest := time.Now()
	for _, x := range waiters {
		if x.Since.Before(oldest) {
			oldest = x.Since
		}
	}
	states := map[string]types.ClusterState{}
	in := &emr.ListClustersInput{CreatedAfter: aws.Time(oldest.Add(-24 * time.Hour))}
	for p := emr.NewListClustersPaginator(w.EMR, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list clusters: %w", err)
		}
		for _, c := range page.Clusters {
			states[aws.ToString(c.Id)] = c.Status.State
		}
	}
	return states, nil
}

// due says whether to look for x. While a single step runs, a busy cluster says
// that it still does, and nobody has to ask.
func (w *Watch) due(x run.Waiter, state types.ClusterState) bool {
	if time.Now().After(x.Deadline) {
		return true
	}
	switch state {
	case types.ClusterStateStarting, types.ClusterStateBootstrapping:
		return false
	case types.ClusterStateRunning:
		return x.Kind == run.ForCluster || len(x.Attempts) != 1
	case types.ClusterStateWaiting, types.ClusterStateTerminating, types.ClusterStateTerminated, types.ClusterStateTerminatedWithErrors:
	}
	return x.Kind != run.ForAdmission // the list may miss a cluster that changes just now
}
