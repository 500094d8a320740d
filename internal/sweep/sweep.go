// Package sweep mends what no state machine can promise: clusters that outlive
// their run, slots nobody gives back, runs whose execution is gone, addresses of
// clusters that are not there. Each thing it has to do is a bug somewhere, so it
// tells of all of them. Only that clusters of pools grow old is the way of the world.
package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"ephemr/events"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/outcome"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// ClusterAPI is the part of EMR that sweep needs.
type ClusterAPI interface {
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
	DescribeCluster(context.Context, *emr.DescribeClusterInput, ...func(*emr.Options)) (*emr.DescribeClusterOutput, error)
	TerminateJobFlows(context.Context, *emr.TerminateJobFlowsInput, ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error)
	cluster.StepsAPI
}

// ExecutionAPI looks at executions.
type ExecutionAPI interface {
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
}

// Finisher records the outcome of a run whose execution cannot.
type Finisher interface {
	Finish(context.Context, outcome.FinishInput) (outcome.FinishOutput, error)
}

// MetricAPI counts repairs.
type MetricAPI interface {
	PutMetricData(context.Context, *cloudwatch.PutMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error)
}

// Slots is the room that runs hold.
type Slots interface {
	All(ctx context.Context) ([]string, error)
	Release(ctx context.Context, id, team, pipeline string) error
}

// Sweeper is the sweep function.
type Sweeper struct {
	Settings  stage.Settings
	Runs      *store.Runs
	Pools     *pool.Store
	Sizes     cluster.Sizes
	EMR       ClusterAPI
	SFN       ExecutionAPI
	Bus       outcome.BusAPI
	Finisher  Finisher
	Slots     Slots
	Metrics   MetricAPI
	Directory Directory
	Listing   *cluster.Listing
}

// Output lists what had to be mended.
type Output struct {
	Repairs []events.Repaired `json:"repairs"`
}

// grace is how young a cluster or a run may be before its record must be there.
const grace = 5 * time.Minute

// Sweep mends runs first and clusters afterwards: a run that ends by it takes
// its cluster along. The directory comes last: nothing depends on it.
func (s *Sweeper) Sweep(ctx context.Context, _ json.RawMessage) (Output, error) {
	out := Output{Repairs: []events.Repaired{}}
	runs := s.runs(ctx, &out)
	slots := s.slots(ctx, &out)
	outcomes := s.untold(ctx)
	live, clusters := s.clusters(ctx, &out)
	directory := s.directory(ctx, live, &out)
	return out, errors.Join(runs, slots, outcomes, clusters, directory, s.count(ctx, out.Repairs), s.tell(ctx, out.Repairs))
}
