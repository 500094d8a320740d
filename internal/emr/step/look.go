package step

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/job"
	"ephemr/internal/outcome"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// LookAPI is the part of EMR that looks at steps and at the cluster under them.
type LookAPI interface {
	StepsAPI
	DescribeAPI
}

// Looker finds out how attempts ended and what is left to do.
type Looker struct {
	Runs       *store.Runs
	EMR        LookAPI
	S3         GetAPI
	LogsBucket string
	Logs       LogsAPI
	LogGroup   string // where runners stream to
}

// verdict is what is known of an attempt in the end.
type verdict struct {
	outcome.Attempt

	result *job.Result // nil = the runner left none
	tail   []string    // the last lines of its log, where there is no result
}

// Progress is the answer to the SubmitSteps state.
type Progress struct {
	JobsLeft bool `json:"jobsLeft"`
}

// perCall is how many step ids ListSteps takes.
const perCall = 10

// Look brings the jobs of rec up to date and answers when an attempt that its
// waiter knew to be in flight is over, or when nothing is in flight any more.
func (l *Looker) Look(ctx context.Context, rec *run.Record, seen *types.ClusterStatus) (*wait.Answer, error) {
	if err := l.settle(ctx, rec, seen); err != nil {
		return nil, err
	}
	if err := skip(ctx, l.Runs, rec); err != nil {
		return nil, err
	}
	flying := attempts(rec)
	ended := slices.ContainsFunc(rec.Waiter.Attempts, func(a string) bool { return !slices.Contains(flying, a) })
	if len(flying) > 0 && !ended {
		return nil, nil //nolint:nilnil // nothing has happened yet, and that is no error
	}
	left := slices.ContainsFunc(rec.Jobs, func(j run.Job) bool { return !j.State.Over() })
	return &wait.Answer{Output: Progress{JobsLeft: left}}, nil
}

// settle asks EMR about the steps in flight and records how they ended. A cluster
// that was seen to be gone still is, and nobody asks about it; one that was not
// may be by now.
func (l *Looker) settle(ctx context.Context, rec *run.Record, seen *types.ClusterStatus) error {
	flying := rec.InFlight()
	if len(flying) == 0 {
		return nil
	}
	steps, err := l.list(ctx, rec.Waiter.ClusterID, flying)
	if err != nil {
		return err
	}
	look := &clusterLook{emr: l.EMR, id: rec.Waiter.ClusterID}
	if seen != nil && outcome.Gone(seen.State) {
		look.got = seen
	}
	for _, j := range flying {
		v, err := l.judge(ctx, rec.Run, j, steps[j.StepID], look)
		if err != nil {
			return err
		}
		if !v.Over {
			continue
		}
		if err := l.record(ctx, rec, j, v); err != nil {
			return err
		}
	}
	if look.gone() {
		return abandon(ctx, l.Runs, rec, look.got)
	}
	return nil
}

func (l *Looker) list(ctx context.Context, clusterID string, jobs []run.Job) (map[string]types.StepSummary, error) {
	found := map[string]types.StepSummary{}
	for chunk := range slices.Chunk(jobs, perCall) {
		in := &emr.ListStepsInput{ClusterId: &clusterID}
		for _, j := range chunk {
			in.StepIds = append(in.StepIds, j.StepID)
		}
		out, err := l.EMR.ListSteps(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list steps of %s: %w", clusterID, err)
		}
		for _, s := range out.Steps {
			found[aws.ToString(s.Id)] = s
		}
	}
	return found, nil
}

// judge says what became of the newest attempt of j, as far as anybody can tell.
func (l *Looker) judge(ctx context.Context, r run.Run, j run.Job, s types.StepSummary, look *clusterLook) (verdict, error) {
	e, err := l.evidence(ctx, r, j, s, look)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{Attempt: outcome.OfAttempt(e), result: e.Result}
	if v.Class == job.ClassLost && v.result == nil {
		v.tail = l.tail(ctx, r, j)
		v.Attempt = outcome.WithTail(v.Attempt, v.tail)
	}
	return v, nil
}

// evidence gathers what is known of the newest attempt of j. The cluster is
// asked about only when the step and its runner cannot explain the end.
func (l *Looker) evidence(ctx context.Context, r run.Run, j run.Job, s types.StepSummary, look *clusterLook) (e outcome.Evidence, err error) {
	if s.Status != nil {
		e.Step, e.Details = s.Status.State, s.Status.FailureDetails
	}
	if e.Step != types.StepStatePending && e.Step != types.StepStateRunning && e.Step != types.StepStateCancelPending {
		if e.Result, err = l.result(ctx, r, j); err != nil {
			return e, err
		}
	}
	if e.Result == nil && e.Step != types.StepStateCompleted && e.Step != types.StepStateRunning && e.Step != types.StepStatePending {
		e.Cluster, err = look.status(ctx)
	}
	return e, err
}

// result is what the runner left of j's newest attempt; somebody else's counts
// as none.
func (l *Looker) result(ctx context.Context, r run.Run, j run.Job) (*job.Result, error) {
	res, err := result(ctx, l.S3, l.LogsBucket, r.Dir(j.Name, j.Attempt)+"/result.json")
	if res != nil && (res.RunID != r.ID || res.Job != j.Name || res.Attempt != j.Attempt) {
		res = nil
	}
	return res, err
}

// record writes the verdict over j's newest attempt and, where the class is
// worth it, plans another.
func (l *Looker) record(ctx context.Context, rec *run.Record, j run.Job, v verdict) error {
	next := j
	next.State, next.Class, next.Reason, next.EndedAt = run.JobSucceeded, v.Class, v.Reason, time.Now()
	next.ExitCode, next.Outputs, next.Tail, next.Findings = nil, nil, v.tail, nil
	next.LogsCut = v.result != nil && v.result.LogsCut
	next.NothingToDo = v.Class == "" && v.result != nil && v.result.NothingToDo
	if r := v.result; r != nil {
		next.ExitCode, next.Outputs, next.Tail, next.Findings = &r.ExitCode, r.Outputs, r.Tail, r.Checks
		next.StartedAt, next.EndedAt = r.StartedAt, r.EndedAt
	}
	if v.Class != "" {
		next.State = run.JobFailed
		if v.Class == job.ClassCancelled {
			next.State = run.JobCancelled
		}
		if run.Retryable(v.Class) && j.Attempt-j.Base <= retries(rec, j.Name) {
			next.State = run.JobPending
			next.Earlier = append(slices.Clone(j.Earlier), next.Past())
		}
	}
	ok, err := l.Runs.ReplaceJob(ctx, rec.Run.ID, next, run.JobRunning, j.Attempt)
	if err != nil {
		return err
	}
	if ok {
		slog.InfoContext(ctx, "attempt ended", "runId", rec.Run.ID, "job", j.Name, "attempt", j.Attempt,
			"state", string(next.State), "class", string(v.Class), "reason", v.Reason)
	}
	*rec.Job(j.Name) = next // whoever was faster saw the same evidence
	return nil
}

func retries(rec *run.Record, name string) int {
	for _, j := range rec.Spec.Jobs {
		if j.Name == name {
			return j.Retries
		}
	}
	return 0
}
