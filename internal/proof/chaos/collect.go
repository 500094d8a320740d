package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/internal/proof/chaos/evidence"
	"ephemr/internal/run"
	"ephemr/internal/sweep"
)

// collect reads all evidence, without faults. localemr's counts are read first:
// from here on chaos makes calls itself.
func (r *region) collect(ctx context.Context, s *storm) (*evidence.Evidence, error) {
	if err := r.inject(ctx, nil); err != nil {
		return nil, err
	}
	e := &evidence.Evidence{Requests: s.made(), Dead: map[string][]string{}}
	seen := map[string]bool{}
	for _, d := range s.overlaps {
		what := fmt.Sprintf("run %s had the clusters %v", d.run, d.ids)
		if !seen[what] {
			e.Overlaps = append(e.Overlaps, what+" at "+d.at.UTC().Format(time.TimeOnly))
		}
		seen[what] = true
	}
	return e, errors.Join(r.records(ctx, e), r.clusters(ctx, e), r.written(e), r.applications(e), r.dead(ctx, e), r.left(ctx, e), r.repairs(ctx, e))
}

// all returns all runs, whatever their state.
func (r *region) all(ctx context.Context) ([]run.Run, error) {
	var all []run.Run
	for _, state := range []run.State{run.Queued, run.Admitted, run.Running, run.Succeeded, run.Failed, run.Cancelled, run.Rejected} {
		if err := r.runs.InState(ctx, state, func(x run.Run) error { all = append(all, x); return nil }); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *region) records(ctx context.Context, e *evidence.Evidence) error {
	all, err := r.all(ctx)
	if err != nil {
		return err
	}
	for _, x := range all {
		rec, err := r.runs.Load(ctx, x.ID)
		if err != nil {
			return err
		}
		e.Records = append(e.Records, rec)
	}
	return nil
}

func (r *region) clusters(ctx context.Context, e *evidence.Evidence) error {
	for p := emr.NewListClustersPaginator(r.emr, &emr.ListClustersInput{}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list clusters: %w", err)
		}
		for _, c := range page.Clusters {
			found := evidence.Cluster{ID: *c.Id, Name: *c.Name, State: string(c.Status.State)}
			if t := c.Status.Timeline; t != nil {
				found.Created, found.Ready, found.Ended = aws.ToTime(t.CreationDateTime), aws.ToTime(t.ReadyDateTime), aws.ToTime(t.EndDateTime)
			}
			if found.Steps, err = r.steps(ctx, found.ID); err != nil {
				return err
			}
			e.Clusters = append(e.Clusters, found)
		}
	}
	return nil
}

func (r *region) steps(ctx context.Context, cluster string) ([]evidence.Step, error) {
	var steps []evidence.Step
	for p := emr.NewListStepsPaginator(r.emr, &emr.ListStepsInput{ClusterId: &cluster}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list steps of %s: %w", cluster, err)
		}
		for _, s := range page.Steps {
			steps = append(steps, evidence.Step{Name: *s.Name, State: string(s.Status.State), Ended: ended(s)})
		}
	}
	return steps, nil
}

func ended(s types.StepSummary) time.Time {
	if s.Status.Timeline == nil {
		return time.Time{}
	}
	return aws.ToTime(s.Status.Timeline.EndDateTime)
}

// written reads what the steps wrote.
func (r *region) written(e *evidence.Evidence) error {
	files, err := os.ReadDir(r.lines())
	if err != nil {
		return fmt.Errorf("read what the steps wrote: %w", err)
	}
	for _, f := range files {
		file, err := os.Open(filepath.Join(r.lines(), f.Name()))
		if err != nil {
			return fmt.Errorf("read what the steps wrote: %w", err)
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			word := strings.Fields(lines.Text())
			if len(word) != 4 {
				return errors.Join(fmt.Errorf("read what the steps wrote: %s holds %q", f.Name(), lines.Text()), file.Close())
			}
			e.Lines = append(e.Lines, evidence.Line{Word: word[0], Run: word[1], Job: word[2], Attempt: word[3]})
		}
		if err := file.Close(); err != nil {
			return fmt.Errorf("read what the steps wrote: %w", err)
		}
	}
	return nil
}

// dead receives all messages of the dead-letter queues.
func (r *region) dead(ctx context.Context, e *evidence.Evidence) error {
	for name, url := range map[string]string{"requests": r.settings.RequestsDLQ, "events": r.settings.EventsDLQ, "targets": r.settings.TargetsDLQ} {
		for {
			out, err := r.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, VisibilityTimeout: 300})
			if err != nil {
				return fmt.Errorf("read dead letters: %w", err)
			}
			if len(out.Messages) == 0 {
				break
			}
			for _, m := range out.Messages {
				e.Dead[name] = append(e.Dead[name], *m.Body)
			}
		}
	}
	return nil
}

func (r *region) left(ctx context.Context, e *evidence.Evidence) (err error) {
	e.Left, err = r.leftovers(ctx)
	return err
}

func (r *region) leftovers(ctx context.Context) (evidence.Leftovers, error) {
	var l evidence.Leftovers
	err := r.runs.Waiters(ctx, func(w run.Waiter) error { l.Waiters = append(l.Waiters, w.RunID); return nil })
	if err != nil {
		return l, err
	}
	if l.Slots, err = r.slots.All(ctx); err != nil {
		return l, err
	}
	in := &sfn.ListExecutionsInput{StateMachineArn: &r.settings.StateMachine, StatusFilter: sfntypes.ExecutionStatusRunning}
	for p := sfn.NewListExecutionsPaginator(r.sfn, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return l, fmt.Errorf("list executions: %w", err)
		}
		for _, x := range page.Executions {
			l.Executions = append(l.Executions, *x.Name)
		}
	}
	return l, nil
}

// repairs reads from sweep's log what it repaired.
func (r *region) repairs(ctx context.Context, e *evidence.Evidence) error {
	group := "/ephemr/" + r.settings.Stage + "/functions/sweep"
	for p := cloudwatchlogs.NewFilterLogEventsPaginator(r.logs, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read sweep's log: %w", err)
		}
		for _, line := range page.Events {
			var x struct {
				Msg string `json:"msg"`
				evidence.Repair
			}
			if json.Unmarshal([]byte(aws.ToString(line.Message)), &x) == nil && x.Msg == sweep.RepairMade {
				e.Repairs = append(e.Repairs, x.Repair)
			}
		}
	}
	return nil
}
