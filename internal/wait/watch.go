package wait

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/events"
	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// ListAPI sees all clusters at once.
type ListAPI interface {
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
}

// Registry knows who works on a cluster; known is false if it is not one of ours.
type Registry interface {
	Runs(ctx context.Context, clusterID string) (ids []string, known bool, err error)
}

// Pools keep clusters that others may lease.
type Pools interface {
	// Bury keeps everybody from leasing a cluster that is gone.
	Bury(ctx context.Context, clusterID string) error
}

// Listing names clusters that are ready.
type Listing interface {
	Unlist(ctx context.Context, clusterIDs ...string)
}

// Watch is the watch function: EMR's events and the minute tick come in, and
// waiters are woken.
type Watch struct {
	Waker    *Waker
	Clusters Registry
	Listing  Listing
	Pools    Pools
	EMR      ListAPI
}

// Input is an event of EMR or the tick.
type Input struct {
	events.Envelope
}

// Handle takes an EMR event as a hint, and anything else as the tick.
func (w *Watch) Handle(ctx context.Context, e Input) (struct{}, error) {
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
		return struct{}{}, w.step(ctx, d)
	}
	return struct{}{}, w.Tick(ctx)
}

// step takes a step's event. On a cluster that several runs use its name tells
// whose it is.
func (w *Watch) step(ctx context.Context, d events.StepStatus) error {
	if id := run.OfStep(d.Name); id != "" {
		return w.wake(ctx, d.ClusterID, id, run.ForSteps, run.ForStop)
	}
	return w.hint(ctx, d.ClusterID, "", run.ForSteps, run.ForStop)
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
	if err := w.Pools.Bury(ctx, d.ClusterID); err != nil {
		return err
	}
	err := w.hint(ctx, d.ClusterID, byName)
	w.Listing.Unlist(ctx, d.ClusterID)
	return err
}

// hint wakes the runs that a cluster works for, if they wait for one of the kinds
// in only.
func (w *Watch) hint(ctx context.Context, clusterID, byName string, only ...string) error {
	ids, known, err := w.Clusters.Runs(ctx, clusterID)
	if err != nil {
		return err
	}
	if !known && byName != "" {
		ids = []string{byName} // its record is being written right now
	}
	if !known && byName == "" {
		slog.DebugContext(ctx, "not one of our clusters", "clusterId", clusterID)
	}
	var errs []error
	for _, id := range ids {
		errs = append(errs, w.wake(ctx, clusterID, id, only...))
	}
	return errors.Join(errs...)
}

func (w *Watch) wake(ctx context.Context, clusterID, id string, only ...string) error {
	err := w.Waker.Wake(ctx, id, nil, only...)
	if !run.IsUnknown(err) {
		return unlessThrottled(ctx, id, err)
	}
	slog.InfoContext(ctx, "the cluster is named like one of ours but its run is not known", "clusterId", clusterID, "runId", id)
	return nil
}

// Tick wakes every waiter for whom something may have happened without anybody
// noticing: one walk through the waiters and one through the clusters, however
// many runs there are. When the call budget ends it ends too: the next minute
// goes on.
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
	seen, all, err := w.clusters(ctx, waiters)
	if err != nil {
		return err
	}
	var errs []error
	for _, x := range inOrder(waiters, seen, time.Now()) {
		x.Shared = x.Shared && w.shared(ctx, x)
		if !w.due(x, seen[x.ClusterID], all) {
			continue
		}
		err := w.Waker.Wake(ctx, x.RunID, seen)
		if fault.NameOf(err) == fault.Throttled {
			slog.InfoContext(ctx, "no more looks in this minute", "runId", x.RunID, "reason", err.Error())
			break
		}
		if err != nil {
			errs = append(errs, err) // the others must not suffer
		}
	}
	return errors.Join(errs...)
}

// clusters asks EMR for all clusters that somebody waits for. all is false when
// the call budget ended before the list did.
func (w *Watch) clusters(ctx context.Context, waiters []run.Waiter) (seen Seen, all bool, err error) {
	oldest := time.Now()
	for _, x := range waiters {
		if x.Since.Before(oldest) {
			oldest = x.Since
		}
	}
	seen = Seen{}
	in := &emr.ListClustersInput{CreatedAfter: aws.Time(oldest.Add(-24 * time.Hour))}
	for p := emr.NewListClustersPaginator(w.EMR, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if fault.NameOf(err) == fault.Throttled {
			slog.InfoContext(ctx, "not all clusters seen in this minute", "seen", len(seen), "reason", err.Error())
			return seen, false, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("list clusters: %w", err)
		}
		for _, c := range page.Clusters {
			seen[aws.ToString(c.Id)] = c.Status
		}
	}
	return seen, true, nil
}

// inOrder puts first who needs no call of their own, then those whose cluster
// has stopped working or is gone. The rest come in another order at every look,
// so that whoever is left over when the budget ends is somebody else every minute.
func inOrder(waiters []run.Waiter, seen Seen, now time.Time) []run.Waiter {
	rank := func(x run.Waiter) int {
		s := seen[x.ClusterID]
		switch {
		case x.Kind == run.ForAdmission, x.Kind == run.ForCluster && s != nil:
			return 0
		case s != nil && s.State != types.ClusterStateRunning:
			return 1
		}
		return 2
	}
	turn := func(x run.Waiter) uint64 {
		h := fnv.New64a()
		_, _ = fmt.Fprint(h, now.Unix(), x.RunID) // a hash takes everything
		return h.Sum64()
	}
	slices.SortFunc(waiters, func(a, b run.Waiter) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(turn(a), turn(b)))
	})
	return waiters
}

// due says whether to look for x. While a single step runs, a busy cluster says
// that it still does, and nobody has to ask, unless it may be busy for somebody
// else. A cluster that is not there is one that the list missed because it
// changes just now, unless not all were seen.
func (w *Watch) due(x run.Waiter, seen *types.ClusterStatus, all bool) bool {
	if time.Now().After(x.Deadline) {
		return true
	}
	if x.Kind == run.ForAdmission {
		return false
	}
	if seen == nil {
		return all
	}
	switch seen.State {
	case types.ClusterStateStarting, types.ClusterStateBootstrapping:
		return false
	case types.ClusterStateRunning:
		return x.Kind != run.ForSteps || len(x.Attempts) != 1 || x.Shared
	case types.ClusterStateWaiting, types.ClusterStateTerminating, types.ClusterStateTerminated, types.ClusterStateTerminatedWithErrors:
	}
	return true
}

// shared says whether other runs use x's cluster right now.
func (w *Watch) shared(ctx context.Context, x run.Waiter) bool {
	ids, _, err := w.Clusters.Runs(ctx, x.ClusterID)
	return err != nil || !slices.Equal(ids, []string{x.RunID})
}
