// Package sweep mends what no state machine can promise: clusters that outlive
// their run, slots nobody gives back, runs whose execution is gone. Each thing
// it has to do is a bug somewhere, so it tells of all of them.
package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/events"
	"ephemr/internal/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// ClusterAPI is the part of EMR that sweep needs.
type ClusterAPI interface {
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
	DescribeCluster(context.Context, *emr.DescribeClusterInput, ...func(*emr.Options)) (*emr.DescribeClusterOutput, error)
	TerminateJobFlows(context.Context, *emr.TerminateJobFlowsInput, ...func(*emr.Options)) (*emr.TerminateJobFlowsOutput, error)
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
	Settings stage.Settings
	Runs     *run.Store
	EMR      ClusterAPI
	SFN      ExecutionAPI
	Bus      outcome.BusAPI
	Finisher Finisher
	Slots    Slots
	Metrics  MetricAPI
}

// Output lists what had to be mended.
type Output struct {
	Repairs []events.Repaired `json:"repairs"`
}

// grace is how young a cluster or a run may be before its record must be there.
const grace = 5 * time.Minute

// Sweep mends runs first and clusters afterwards: a run that ends by it takes
// its cluster along.
func (s *Sweeper) Sweep(ctx context.Context, _ json.RawMessage) (Output, error) {
	out := Output{Repairs: []events.Repaired{}}
	runs := s.runs(ctx, &out)
	slots := s.slots(ctx, &out)
	outcomes := s.untold(ctx)
	clusters := s.clusters(ctx, &out)
	return out, errors.Join(runs, slots, outcomes, clusters, s.count(ctx, out.Repairs), s.tell(ctx, out.Repairs))
}

// runs finishes those whose execution is over without their knowing: stopped by
// hand, timed out, or gone.
func (s *Sweeper) runs(ctx context.Context, out *Output) error {
	var errs []error
	for _, state := range []run.State{run.Running, run.Admitted, run.Queued} {
		errs = append(errs, s.Runs.InState(ctx, state, func(r run.Run) error {
			if r.State == run.Queued && r.Execution == "" {
				return nil // admission will start one
			}
			errs = append(errs, s.run(ctx, r, out)) // the others must not suffer
			return nil
		}))
	}
	return errors.Join(errs...)
}

func (s *Sweeper) run(ctx context.Context, r run.Run, out *Output) error {
	arn := r.Execution
	if arn == "" { // PrepareRun could not tie them
		arn = strings.Replace(s.Settings.StateMachine, ":stateMachine:", ":execution:", 1) + ":" + r.ExecutionName()
	}
	why, err := s.over(ctx, arn, r.Execution != "")
	if why == nil || err != nil {
		return err
	}
	// The index may lag behind: ask the table before calling it a repair.
	rec, err := s.Runs.Load(ctx, r.ID)
	if err != nil || rec.Run.State.Final() || rec.Run.Execution != r.Execution {
		return err
	}
	if _, err := s.Finisher.Finish(ctx, outcome.FinishInput{RunID: r.ID, Error: why}); err != nil {
		return err
	}
	out.Repairs = append(out.Repairs, events.Repaired{What: "run-finished", RunID: r.ID, Reason: why.Cause})
	return nil
}

// untold tells the outcomes that nobody has told: of runs that were cancelled
// while they waited for room, and of those whose last function died.
func (s *Sweeper) untold(ctx context.Context) error {
	var errs []error
	err := s.Runs.Untold(ctx, func(r run.Run) error {
		if time.Since(r.EndedAt) < time.Minute {
			return nil // it is being told right now
		}
		_, err := s.Finisher.Finish(ctx, outcome.FinishInput{RunID: r.ID})
		errs = append(errs, err) // the others must not suffer
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// over says why an execution is over, or nil while it is not. One that does not
// exist is over only if it did exist: otherwise admission will start it.
func (s *Sweeper) over(ctx context.Context, arn string, existed bool) (*outcome.StateError, error) {
	e, err := s.SFN.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if _, gone := errors.AsType[*sfntypes.ExecutionDoesNotExist](err); gone {
		if !existed {
			return nil, nil //nolint:nilnil // not over is an answer
		}
		return &outcome.StateError{Error: string(fault.Internal), Cause: "its execution is gone"}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("describe execution %s: %w", arn, err)
	}
	if e.Status == sfntypes.ExecutionStatusRunning {
		return nil, nil //nolint:nilnil // not over is an answer
	}
	why := stopped(e)
	return &why, nil
}

// stopped says why an execution that is not running any more left its run behind.
func stopped(e *sfn.DescribeExecutionOutput) outcome.StateError {
	switch e.Status {
	case sfntypes.ExecutionStatusAborted:
		return outcome.StateError{Error: string(fault.Cancelled), Cause: "the execution was stopped: " + aws.ToString(e.Cause)}
	case sfntypes.ExecutionStatusTimedOut:
		return outcome.StateError{Error: string(fault.Timeout), Cause: "the execution timed out"}
	case sfntypes.ExecutionStatusFailed, sfntypes.ExecutionStatusSucceeded, sfntypes.ExecutionStatusRunning, sfntypes.ExecutionStatusPendingRedrive:
	}
	return outcome.StateError{
		Error: aws.ToString(e.Error),
		Cause: fmt.Sprintf("the execution ended %s without an outcome: %s", e.Status, aws.ToString(e.Cause)),
	}
}

// slots gives back those of runs that are over.
func (s *Sweeper) slots(ctx context.Context, out *Output) error {
	holders, err := s.Slots.All(ctx)
	if err != nil {
		return err
	}
	for _, id := range holders {
		rec, err := s.Runs.Load(ctx, id)
		if err != nil && !run.IsUnknown(err) {
			return err
		}
		why := "its run is not known"
		if err == nil {
			if !rec.Run.State.Final() || time.Since(rec.Run.EndedAt) < time.Minute {
				continue
			}
			why = fmt.Sprintf("its run is %s", rec.Run.State)
		} else {
			rec = &run.Record{Run: run.Run{Pipeline: run.PipelineOf(id)}}
		}
		if err := s.Slots.Release(ctx, id, rec.Run.TeamName(), rec.Run.Pipeline); err != nil {
			return err
		}
		out.Repairs = append(out.Repairs, events.Repaired{What: "slot-released", RunID: id, Reason: why})
	}
	return nil
}

// clusters terminates those whose run is over, unknown or past its deadline.
func (s *Sweeper) clusters(ctx context.Context, out *Output) error {
	in := &emr.ListClustersInput{ClusterStates: []types.ClusterState{
		types.ClusterStateStarting, types.ClusterStateBootstrapping, types.ClusterStateRunning, types.ClusterStateWaiting,
	}}
	var errs []error
	for p := emr.NewListClustersPaginator(s.EMR, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return errors.Join(append(errs, unlessThrottled(ctx, fmt.Errorf("list clusters: %w", err)))...)
		}
		for _, c := range page.Clusters {
			errs = append(errs, unlessThrottled(ctx, s.cluster(ctx, c, out))) // the others must not suffer
		}
	}
	return errors.Join(errs...)
}

// unlessThrottled drops err if the next sweep mends it.
func unlessThrottled(ctx context.Context, err error) error {
	if fault.NameOf(err) != fault.Throttled {
		return err
	}
	slog.InfoContext(ctx, "no call left for this, the next sweep goes on", "reason", err.Error())
	return nil
}

func (s *Sweeper) cluster(ctx context.Context, c types.ClusterSummary, out *Output) error {
	id := run.OfCluster(aws.ToString(c.Name))
	if id == "" {
		return nil // named by somebody else
	}
	why, err := s.surplus(ctx, id, c, out)
	if err != nil || why == "" {
		return err
	}
	// The name may be a coincidence. Only this stage's own tags count.
	d, err := s.EMR.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: c.Id})
	if err != nil {
		return fmt.Errorf("describe cluster %s: %w", aws.ToString(c.Id), err)
	}
	if tag(d.Cluster.Tags, cluster.TagStage) != s.Settings.Stage || tag(d.Cluster.Tags, cluster.TagRun) != id {
		return nil
	}
	if _, err := s.EMR.TerminateJobFlows(ctx, &emr.TerminateJobFlowsInput{JobFlowIds: []string{aws.ToString(c.Id)}}); err != nil {
		return fmt.Errorf("terminate cluster %s of run %s: %w", aws.ToString(c.Id), id, err)
	}
	if err := s.record(ctx, id, aws.ToString(c.Id)); err != nil {
		return err
	}
	out.Repairs = append(out.Repairs, events.Repaired{What: "cluster-terminated", RunID: id, ClusterID: aws.ToString(c.Id), Reason: why})
	return nil
}

// record notes that a cluster is on its way out, if its run is known.
func (s *Sweeper) record(ctx context.Context, id, clusterID string) error {
	rec, err := s.Runs.Load(ctx, id)
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
		if _, err := s.Runs.ReplaceCluster(ctx, id, c, from, c.Intent); err != nil {
			return err
		}
	}
	return nil
}

// surplus says why a cluster should not be there, or "".
func (s *Sweeper) surplus(ctx context.Context, id string, c types.ClusterSummary, out *Output) (string, error) {
	rec, err := s.Runs.Load(ctx, id)
	if run.IsUnknown(err) {
		if young(c) {
			return "", nil
		}
		return "its run is not known", nil
	}
	if err != nil {
		return "", err
	}
	switch {
	case rec.Run.State.Final() && (time.Since(rec.Run.EndedAt) > time.Minute || ended(out, id)):
		return fmt.Sprintf("its run is %s", rec.Run.State), nil
	case slices.ContainsFunc(rec.Clusters, func(a run.Cluster) bool { return a.Name == aws.ToString(c.Name) && a.Restart < rec.Run.Restarts }):
		return "its run has been restarted since", nil
	case !rec.Run.Deadline.IsZero() && time.Since(rec.Run.Deadline) > grace:
		return fmt.Sprintf("its run should have ended by %s", rec.Run.Deadline.Format(time.RFC3339)), nil
	}
	return "", nil
}

// ended says whether it was this sweep that ended the run.
func ended(out *Output, id string) bool {
	return slices.ContainsFunc(out.Repairs, func(r events.Repaired) bool { return r.RunID == id && r.What == "run-finished" })
}

func young(c types.ClusterSummary) bool {
	return c.Status != nil && c.Status.Timeline != nil && c.Status.Timeline.CreationDateTime != nil &&
		time.Since(*c.Status.Timeline.CreationDateTime) < grace
}

func tag(tags []types.Tag, key string) string {
	for _, t := range tags {
		if aws.ToString(t.Key) == key {
			return aws.ToString(t.Value)
		}
	}
	return ""
}

// count makes repairs visible to alarms.
func (s *Sweeper) count(ctx context.Context, repairs []events.Repaired) error {
	if len(repairs) == 0 {
		return nil
	}
	_, err := s.Metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace: aws.String(stage.MetricNamespace),
		MetricData: []cwtypes.MetricDatum{{
			MetricName: aws.String(stage.RepairsMetric), Value: aws.Float64(float64(len(repairs))), Unit: cwtypes.StandardUnitCount,
			Dimensions: []cwtypes.Dimension{{Name: aws.String("Stage"), Value: &s.Settings.Stage}},
		}},
	})
	if err != nil {
		return fmt.Errorf("count %d repairs: %w", len(repairs), err)
	}
	return nil
}

// tell sends an event for each repair.
func (s *Sweeper) tell(ctx context.Context, repairs []events.Repaired) error {
	for _, r := range repairs {
		slog.WarnContext(ctx, "repaired", "what", r.What, "runId", r.RunID, "clusterId", r.ClusterID, "reason", r.Reason)
		detail, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("encode repair: %w", err)
		}
		if _, err := s.Bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{
			EventBusName: &s.Settings.EventBus, Source: aws.String(events.Source),
			DetailType: aws.String(events.TypeRepaired), Detail: aws.String(string(detail)),
		}}}); err != nil {
			return fmt.Errorf("tell of repair %s: %w", r.What, err)
		}
	}
	return nil
}
