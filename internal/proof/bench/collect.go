package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"ephemr/internal/local/localemr"
	"ephemr/internal/proof/bench/trace"
	"ephemr/internal/run"
)

// functions are those on the critical path of a run, in their order.
var functions = []string{"intake", "admit", "preparerun", "createcluster", "watch", "submitsteps", "terminatecluster", "finishrun"}

// observed is a run that has ended, with all its measurements.
type observed struct {
	shot
	evidence trace.Evidence
	marks    trace.Marks
	calls    map[string]int // of EMR, by operation
	failure  string         // why it cannot be compared with the others
}

// collect reads the records, histories and logs of the runs. EMR's calls are read
// first: from here on the bench makes some itself.
func (r *region) collect(ctx context.Context, shots []shot) ([]observed, localemr.Calls, error) {
	var calls localemr.Calls
	if err := r.Admin(ctx, http.MethodGet, "calls", nil, &calls); err != nil {
		return nil, calls, err
	}
	logs := map[string][]trace.Invocation{}
	for _, name := range functions {
		var err error
		if logs[name], err = r.readLog(ctx, name); err != nil {
			return nil, calls, err
		}
	}
	all := make([]observed, 0, len(shots))
	for _, s := range shots {
		o, err := r.observe(ctx, s, logs)
		if err != nil {
			return nil, calls, err
		}
		if c := o.evidence.Record.Cluster(); c != nil && c.ID != "" {
			o.calls = ofCluster(calls, c.ID)
		}
		all = append(all, o)
	}
	return all, calls, nil
}

func (r *region) observe(ctx context.Context, s shot, logs map[string][]trace.Invocation) (observed, error) {
	rec, err := r.runs.Load(ctx, s.run.ID)
	if err != nil {
		return observed{}, err
	}
	o := observed{shot: s, evidence: trace.Evidence{Sent: s.sent, Record: rec, Logs: logs}}
	if rec.Run.State != run.Succeeded || len(rec.Clusters) != 1 || len(rec.Jobs) != 1 || rec.Jobs[0].Attempt != 1 {
		o.failure = fmt.Sprintf("%s with %d clusters: %s", rec.Run.State, len(rec.Clusters), rec.Run.Reason)
	}
	if o.evidence.Path, err = r.history(ctx, rec.Run.Execution); err != nil {
		return o, err
	}
	if err := r.timelines(ctx, rec, &o.evidence); err != nil {
		return o, err
	}
	o.marks = o.evidence.Marks()
	return o, nil
}

func (r *region) history(ctx context.Context, arn string) (trace.Path, error) {
	if arn == "" {
		return trace.Path{}, nil
	}
	var events []sfntypes.HistoryEvent
	for p := sfn.NewGetExecutionHistoryPaginator(r.sfn, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return trace.Path{}, fmt.Errorf("read history of %s: %w", arn, err)
		}
		events = append(events, page.Events...)
	}
	return trace.ReadHistory(events), nil
}

func (r *region) timelines(ctx context.Context, rec *run.Record, e *trace.Evidence) error {
	c := rec.Cluster()
	if c == nil || c.ID == "" {
		return nil
	}
	described, err := r.emr.DescribeCluster(ctx, &emr.DescribeClusterInput{ClusterId: &c.ID})
	if err != nil {
		return fmt.Errorf("describe cluster %s: %w", c.ID, err)
	}
	e.Cluster = *described.Cluster.Status.Timeline
	steps, err := r.emr.ListSteps(ctx, &emr.ListStepsInput{ClusterId: &c.ID})
	if err != nil {
		return fmt.Errorf("list steps of %s: %w", c.ID, err)
	}
	if len(steps.Steps) == 1 {
		e.Step = *steps.Steps[0].Status.Timeline
	}
	return nil
}

// readLog reads all that a function has logged.
func (r *region) readLog(ctx context.Context, function string) ([]trace.Invocation, error) {
	group := "/ephemr/" + r.settings.Stage + "/functions/" + function
	var events []types.FilteredLogEvent
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group}
	for p := cloudwatchlogs.NewFilterLogEventsPaginator(r.logs, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read log of %s: %w", function, err)
		}
		events = append(events, page.Events...)
	}
	return trace.ReadLog(function, events), nil
}

// settle waits until the last events are processed, so that their calls are
// counted.
func settle(ctx context.Context) error {
	select {
	case <-time.After(2 * time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
