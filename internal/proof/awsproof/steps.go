package awsproof

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"ephemr/internal/job"
	"ephemr/internal/run"
)

type probe = func(ctx context.Context, w *world) (Facts, error)

// inspect has a Bash job look around on its cluster.
func inspect(as who) probe {
	return func(ctx context.Context, w *world) (Facts, error) {
		where := "aws"
		if w.local {
			where = "laptop"
		}
		own, other := w.roles()
		f, err := w.play(ctx, task{as: as, job: "inspect", kind: job.Bash, args: []string{other, where}, pool: true})
		if f != nil {
			f["caller"], f["expected_role"] = w.caller, own
		}
		return f, err
	}
}

// spark has executors write and read, and finds their application by its tag.
func spark(as who) probe {
	return func(ctx context.Context, w *world) (Facts, error) {
		path := fmt.Sprintf("s3://%s/awsproof/%s-%d/", w.settings.Lake["curated"], w.nonce, as)
		return w.play(ctx, task{as: as, job: "spark", kind: job.Spark, args: []string{path}, pool: true})
	}
}

// catalog has Spark SQL and Hive use the stage's database.
func catalog(as who) probe {
	return func(ctx context.Context, w *world) (Facts, error) {
		location := fmt.Sprintf("s3://%s/awsproof-tables/%s-%d", w.settings.Lake["curated"], w.nonce, as)
		args := []string{"ephemr_" + w.settings.Stage, location, w.nonce}
		return w.play(ctx, task{as: as, job: "catalog", kind: job.Bash, args: args, pool: true})
	}
}

// schedule has a pipeline started by a schedule that only fires if its time zone counts.
func schedule(ctx context.Context, w *world) (Facts, error) {
	zone := "Asia/Tokyo"
	place, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("find time zone: %w", err)
	}
	now := time.Now().In(place)
	hours := fmt.Sprintf("%d,%d", now.Hour(), now.Add(time.Hour).Hour())
	t := task{name: "schedule", job: "wait", kind: job.Bash, args: []string{"0"}, pool: true}
	t.triggers = []map[string]string{{"schedule": "* " + hours + " * * *", "timezone": zone}}
	name, err := w.apply(ctx, t)
	if err != nil {
		return nil, err
	}
	var found run.Run
	waited := w.until(ctx, "a run by schedule", func() (bool, error) {
		runs, err := w.runs.List(ctx, run.Query{Pipeline: name, Limit: 1})
		if len(runs) > 0 {
			found = runs[0]
		}
		return len(runs) > 0, err
	})
	t.triggers = nil // once is enough
	if _, err := w.apply(ctx, t); waited != nil || err != nil {
		return nil, errors.Join(waited, err)
	}
	rec, err := w.end(ctx, found.ID)
	if err != nil {
		return nil, err
	}
	f := facts(rec)
	f["trigger"], f["time_zone"], f["hours"] = found.Trigger.Kind, zone, hours
	f["logical_time"], f["seconds_late"] = found.LogicalTime.UTC().Format(time.RFC3339), seconds(found.RequestedAt.Sub(found.LogicalTime))
	return f, nil
}

// busySeconds is longer than the idle timeout of profile brief, a minute, and than
// the interval at which EMR may look.
const busySeconds = "300"

func busy(ctx context.Context, w *world) (Facts, error) {
	return w.play(ctx, task{name: "busy", job: "wait", kind: job.Bash, args: []string{busySeconds}, profile: "brief"})
}

// interruptible starts a job that works until it is interrupted, and waits for its first line.
func (w *world) interruptible(ctx context.Context) (string, error) {
	id, err := w.begin(ctx, task{job: "interrupt", kind: job.Bash, pool: true})
	if err != nil {
		return "", err
	}
	return id, w.until(ctx, "the output of run "+id, func() (bool, error) {
		rec, err := w.runs.Load(ctx, id)
		if run.IsUnknown(err) {
			return false, nil
		}
		if err == nil && rec.Run.State.Final() {
			return false, fmt.Errorf("run %s is %s before it was interrupted: %s", id, rec.Run.State, rec.Run.Reason)
		}
		if err != nil || len(rec.InFlight()) == 0 {
			return false, err
		}
		out, err := w.exec(ctx, w.work, "ephemr", "logs", id)
		return strings.Contains(out, "begun"), err
	})
}

// cancel cancels a job and compares EMR's view of its step with the job's own.
func cancel(ctx context.Context, w *world) (Facts, error) {
	id, err := w.interruptible(ctx)
	if err != nil {
		return nil, err
	}
	asked := time.Now()
	if _, err := w.exec(ctx, w.work, "ephemr", "cancel", id, "--why", "awsproof"); err != nil {
		return nil, err
	}
	rec, err := w.end(ctx, id)
	if err != nil {
		return nil, err
	}
	f := facts(rec)
	f["seconds_to_end"] = seconds(rec.Run.EndedAt.Sub(asked))
	j := rec.Job("probe")
	if j == nil || j.StepID == "" {
		return f, nil
	}
	out, err := w.emr.DescribeStep(ctx, &emr.DescribeStepInput{ClusterId: &j.ClusterID, StepId: &j.StepID})
	if err != nil {
		return f, fmt.Errorf("describe step %s: %w", j.StepID, err)
	}
	f["step_state"] = string(out.Step.Status.State)
	if t := out.Step.Status.Timeline; t != nil && t.EndDateTime != nil {
		f["step_ended_seconds_after_cancel"] = seconds(t.EndDateTime.Sub(asked))
		f["job_ended_seconds_after_cancel"] = seconds(j.EndedAt.Sub(asked))
	}
	return f, nil
}

// stop stops an execution and measures how long it takes until its run is ended.
func stop(ctx context.Context, w *world) (Facts, error) {
	id, err := w.interruptible(ctx)
	if err != nil {
		return nil, err
	}
	rec, err := w.runs.Load(ctx, id)
	if err != nil {
		return nil, err
	}
	asked := time.Now()
	_, err = w.sfn.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: &rec.Run.Execution, Cause: aws.String("awsproof")})
	if err != nil {
		return nil, fmt.Errorf("stop the execution of run %s: %w", id, err)
	}
	if rec, err = w.end(ctx, id); err != nil {
		return nil, err
	}
	f := facts(rec)
	f["seconds_to_end"] = seconds(rec.Run.EndedAt.Sub(asked))
	return f, nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }
