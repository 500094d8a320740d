// Package cluster gets runs their EMR clusters and ends them. A run has a
// cluster of its own or a share of one that its pool keeps: the two placements.
//
// Tested by statemachines and internal/proof/simulation.
package cluster

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/emr/pool"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// API is the part of EMR that the Manager needs.
type API interface {
	CreateAPI
	DescribeAPI
	TerminateAPI
	StepsAPI
}

// CreateAPI is the part of EMR that creates clusters and finds them again.
type CreateAPI interface {
	RunJobFlow(context.Context, *emr.RunJobFlowInput, ...func(*emr.Options)) (*emr.RunJobFlowOutput, error)
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
}

// DescribeAPI is the part of EMR that describes one cluster.
type DescribeAPI interface {
	DescribeCluster(context.Context, *emr.DescribeClusterInput, ...func(*emr.Options)) (*emr.DescribeClusterOutput, error)
}

// StepsAPI is the part of EMR that finds the steps of a lease and ends them.
type StepsAPI interface {
	ListSteps(context.Context, *emr.ListStepsInput, ...func(*emr.Options)) (*emr.ListStepsOutput, error)
	CancelSteps(context.Context, *emr.CancelStepsInput, ...func(*emr.Options)) (*emr.CancelStepsOutput, error)
}

// Sizes are the task units that runs added to clusters which outlive them.
type Sizes interface {
	// Leave takes back what the attempt called holder has requested of a cluster.
	// fault.InvalidInput: EMR does not take it back.
	Leave(ctx context.Context, clusterID, holder string) error
}

// Manager gets and ends the clusters of runs.
type Manager struct {
	Settings     stage.Settings
	Runs         *store.Runs
	Pools        *pool.Store
	EMR          API
	Spot         SpotAPI
	Profiles     ParameterAPI
	Sizes        Sizes
	Registration *Registration
	Caller       func(context.Context) string // names the invocation, for intents
}

// placement is where the cluster of an attempt comes from and where it goes.
type placement interface {
	// find takes a cluster that is there already; nil = one must be created.
	find(ctx context.Context, rec *run.Record, a run.Cluster) (*run.Cluster, error)
	// terms are those of a new cluster.
	terms(rec *run.Record, a run.Cluster) terms
	// enter records whose a new cluster is.
	enter(ctx context.Context, rec *run.Record, a run.Cluster) error
	// ready is called before the attempt is recorded as READY.
	ready(ctx context.Context, a run.Cluster) error
	// lost is called before the attempt is recorded as FAILED because its cluster
	// is gone.
	lost(ctx context.Context, a run.Cluster) error
	// release adds what must be terminated, or what was given back, to out.
	release(ctx context.Context, rec *run.Record, a run.Cluster, out *released) error
	// ended is called after the attempt's cluster was terminated.
	ended(ctx context.Context, a run.Cluster) error
	// endState is that of an attempt after its release.
	endState(ended bool) run.ClusterState
}

// placement of an attempt, and the profile that it is made from where that
// matters.
func (m *Manager) placement(a run.Cluster, shape shape) placement {
	if a.Pool != "" {
		return leased{m, shape}
	}
	return own{m, shape}
}
