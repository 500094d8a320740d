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
	"ephemr/internal/fault"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// Hand is the wish to end one cluster, whatever it was made for.
type Hand struct {
	ClusterID string `json:"clusterId"`
	Force     bool   `json:"force,omitempty"` // also when a run uses it
	Why       string `json:"why,omitempty"`   // who asks, and why
}

// HandOutput says what becomes of the cluster.
type HandOutput struct {
	ClusterID string   `json:"clusterId"`
	State     string   `json:"state"` // TERMINATING, or DRAINING while runs lease it from its pool
	Runs      []string `json:"runs"`  // that use it
}

// Request is what the terminatecluster function is asked for: to end the
// clusters of a run by the state machine, or one by hand.
type Request struct {
	TerminateInput

	Hand *Hand `json:"hand,omitempty"`
}

// Handle does either.
func (t *Terminator) Handle(ctx context.Context, in Request) (any, error) {
	if in.Hand != nil {
		return t.ByHand(ctx, *in.Hand)
	}
	return t.Terminate(ctx, in.TerminateInput)
}

// ByHand ends a cluster of this stage that nobody uses, or lets nobody else lease
// it from its pool; by force it ends any. A run that loses its cluster so finds
// out by itself, as it would if EMR had taken it away.
func (t *Terminator) ByHand(ctx context.Context, in Hand) (HandOutput, error) {
	e, err := t.known(ctx, in.ClusterID)
	if err != nil {
		return HandOutput{}, err
	}
	if e.Pool != "" {
		return t.poolByHand(ctx, in)
	}
	out := HandOutput{ClusterID: in.ClusterID, State: string(types.ClusterStateTerminating), Runs: []string{}}
	user, err := t.user(ctx, e)
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
	if err := t.terminate(ctx, in, out.Runs); err != nil || user != nil {
		return out, err
	}
	return out, NoteEnding(ctx, t.Runs, e.RunID, in.ClusterID)
}

// poolByHand keeps new runs away from a pool's cluster, and ends it if there are
// none or by force. Otherwise whoever gives back the last lease ends it.
func (t *Terminator) poolByHand(ctx context.Context, in Hand) (HandOutput, error) {
	out := HandOutput{ClusterID: in.ClusterID, State: string(pool.Draining), Runs: []string{}}
	if err := t.Pools.Drain(ctx, in.ClusterID); err != nil {
		return out, err
	}
	m, err := t.Pools.Get(ctx, in.ClusterID)
	if err != nil || m == nil {
		return out, err
	}
	out.Runs = append(out.Runs, m.Runs()...)
	if !m.Empty() && !in.Force {
		slog.InfoContext(ctx, "pool cluster drained by hand", "clusterId", in.ClusterID, "pool", m.PoolID().String(), "runs", out.Runs, "why", in.Why)
		return out, nil
	}
	out.State = string(types.ClusterStateTerminating)
	if err := t.terminate(ctx, in, out.Runs); err != nil {
		return out, err
	}
	return out, t.Pools.Bury(ctx, in.ClusterID)
}

func (t *Terminator) terminate(ctx context.Context, in Hand, runs []string) error {
	if _, err := t.EMR.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{in.ClusterID}}); err != nil {
		return fmt.Errorf("terminate cluster %s: %w", in.ClusterID, err)
	}
	slog.InfoContext(ctx, "cluster terminated by hand", "clusterId", in.ClusterID, "runs", runs, "why", in.Why)
	t.Listing.Unlist(ctx, in.ClusterID)
	return nil
}

// known returns what is known of a cluster that is up, or refuses: it must be in
// this stage's records and carry this stage's tag.
func (t *Terminator) known(ctx context.Context, clusterID string) (Record, error) {
	e, err := t.Listing.Registry.Get(ctx, clusterID)
	if err != nil {
		return e, err
	}
	foreign := fault.New(fault.InvalidInput, "cluster %s is not one of stage %s; ephemr clusters lists those that are up", clusterID, t.Stage)
	if e.ID == "" {
		return e, foreign
	}
	d, err := t.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &clusterID})
	switch {
	case Foreign(err):
		return e, foreign
	case err != nil:
		return e, fmt.Errorf("describe cluster %s: %w", clusterID, err)
	case Tag(d.Cluster.Tags, TagStage) != t.Stage:
		return e, foreign
	case outcome.Gone(d.Cluster.Status.State):
		return e, fault.New(fault.InvalidInput, "cluster %s has ended already, or is about to", clusterID)
	}
	return e, nil
}

// user returns the run that works on a cluster, or is about to: nil if there is
// none.
func (t *Terminator) user(ctx context.Context, e Record) (*run.Record, error) {
	rec, err := t.Runs.Load(ctx, e.RunID)
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
		c.State, c.EndedAt = run.ClusterTerminating, time.Now()
		if _, err := runs.ReplaceCluster(ctx, id, c, from, c.Intent); err != nil {
			return err
		}
	}
	return nil
}
