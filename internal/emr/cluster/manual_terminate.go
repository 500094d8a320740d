package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/pool"
	"ephemr/internal/engine"
	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// ManualRequest asks to end one cluster, whatever it was made for.
type ManualRequest struct {
	ClusterID string `json:"clusterId"`
	Force     bool   `json:"force,omitempty"` // also when a run uses it
	Why       string `json:"why,omitempty"`   // who asks, and why
}

// ManualOutput says what becomes of the cluster.
type ManualOutput struct {
	ClusterID string   `json:"clusterId"`
	State     string   `json:"state"` // TERMINATING, or DRAINING while runs lease it from its pool
	Runs      []string `json:"runs"`  // that use it
}

// TerminateManually ends a cluster of this stage that no run uses, or drains it
// from its pool; with Force it ends any. A run that loses its cluster this way
// notices, as it would if EMR had ended the cluster.
func (m *Manager) TerminateManually(ctx context.Context, in ManualRequest) (ManualOutput, error) {
	e, err := m.known(ctx, in.ClusterID)
	if err != nil {
		return ManualOutput{}, err
	}
	if e.Pool != "" {
		return m.terminatePooled(ctx, in)
	}
	out := ManualOutput{ClusterID: in.ClusterID, State: string(types.ClusterStateTerminating), Runs: []string{}}
	user, err := m.user(ctx, e)
	switch {
	case err != nil:
		return out, err
	case user != nil && !in.Force:
		return out, fault.New(fault.InvalidInput,
			"cluster %s is used by run %s, which is %s; end the run with ephemr cancel %s, or give --force: its jobs are lost then",
			in.ClusterID, user.Run.ID, user.Run.State, user.Run.ID)
	case user != nil:
		out.Runs = append(out.Runs, user.Run.ID)
	}
	if err := m.terminate(ctx, in, out.Runs); err != nil || user != nil {
		return out, err
	}
	return out, NoteEnding(ctx, m.Runs, e.RunID, in.ClusterID)
}

// poolTerminateManually keeps new runs away from a pool's cluster, and ends it if there are
// none or with Force. Otherwise the run that returns the last lease ends it.
func (m *Manager) terminatePooled(ctx context.Context, in ManualRequest) (ManualOutput, error) {
	out := ManualOutput{ClusterID: in.ClusterID, State: string(pool.Draining), Runs: []string{}}
	if err := m.Pools.Drain(ctx, in.ClusterID); err != nil {
		return out, err
	}
	c, err := m.Pools.Get(ctx, in.ClusterID)
	if err != nil || c == nil {
		return out, err
	}
	out.Runs = append(out.Runs, c.Runs()...)
	if !c.Empty() && !in.Force {
		slog.InfoContext(ctx, "pool cluster drained manually", "clusterId", in.ClusterID, "pool", c.PoolID().String(), "runs", out.Runs, "why", in.Why)
		return out, nil
	}
	out.State = string(types.ClusterStateTerminating)
	if err := m.terminate(ctx, in, out.Runs); err != nil {
		return out, err
	}
	return out, m.Pools.MarkGone(ctx, in.ClusterID)
}

func (m *Manager) terminate(ctx context.Context, in ManualRequest, runs []string) error {
	if _, err := Terminate(ctx, m.EMR, in.ClusterID); err != nil {
		return err
	}
	slog.InfoContext(ctx, "cluster terminated manually", "clusterId", in.ClusterID, "runs", runs, "why", in.Why)
	m.Registration.Deregister(ctx, in.ClusterID)
	return nil
}

// known returns what is known of a cluster that is up, or refuses: it must be in
// this stage's records and carry this stage's tag.
func (m *Manager) known(ctx context.Context, clusterID string) (Record, error) {
	e, err := m.Registration.Registry.Get(ctx, clusterID)
	if err != nil {
		return e, err
	}
	foreign := fault.New(fault.InvalidInput, "cluster %s is not one of stage %s; ephemr clusters lists those that are up", clusterID, m.Settings.Stage)
	if e.ID == "" {
		return e, foreign
	}
	d, err := m.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &clusterID})
	switch {
	case IsNotOurs(err):
		return e, foreign
	case err != nil:
		return e, fmt.Errorf("describe cluster %s: %w", clusterID, err)
	case Tag(d.Cluster.Tags, TagStage) != m.Settings.Stage:
		return e, foreign
	case State(d.Cluster.Status.State) == engine.Gone:
		return e, fault.New(fault.InvalidInput, "cluster %s has ended already, or is about to", clusterID)
	}
	return e, nil
}

// user returns the run that works on a cluster, or is about to: nil if there is
// none.
func (m *Manager) user(ctx context.Context, e Record) (*run.Record, error) {
	rec, err := m.Runs.Load(ctx, e.RunID)
	if run.IsUnknown(err) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	if err != nil || rec.Run.State.Final() {
		return nil, err
	}
	uses := func(a run.Cluster) bool {
		busy := a.State == run.ClusterIntended || a.State == run.ClusterCreated || a.State == run.ClusterReady
		return a.Name == e.Name && a.Restart == rec.Run.Restarts && busy
	}
	if !slices.ContainsFunc(rec.Clusters, uses) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return rec, nil
}

// NoteEnding notes that a cluster is on its way out, if its run is known.
func NoteEnding(ctx context.Context, runs *store.Runs, id, clusterID string) error {
	return note(ctx, runs, id, clusterID, func(c *run.Cluster) { c.State, c.EndedAt, c.Unended = run.ClusterTerminating, time.Now(), "" })
}

// NoteUnended notes that a cluster goes on although its end was wanted, if its run is
// known. While calls are throttled, nothing is known yet.
func NoteUnended(ctx context.Context, runs *store.Runs, id, clusterID string, why error) error {
	if fault.NameOf(why) == fault.Throttled {
		return nil
	}
	return note(ctx, runs, id, clusterID, func(c *run.Cluster) { c.Unended = why.Error() })
}

// note changes what a run's record says of a cluster that has not ended.
func note(ctx context.Context, runs *store.Runs, id, clusterID string, change func(*run.Cluster)) error {
	rec, err := runs.Load(ctx, id)
	if run.IsUnknown(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, c := range rec.Clusters {
		if c.ID != clusterID || c.State != run.ClusterCreated && c.State != run.ClusterReady {
			continue
		}
		from := c.State
		change(&c)
		if _, err := runs.ReplaceCluster(ctx, id, c, from, c.Intent); err != nil {
			return err
		}
	}
	return nil
}
