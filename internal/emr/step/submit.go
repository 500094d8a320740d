// Package step carries jobs to the cluster: it submits what can start, each
// attempt exactly once, and finds out how the attempts ended.
package step

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/emr/pool"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
	"ephemr/internal/wait"
)

// SubmitAPI is the part of EMR that adds steps and finds them again.
type SubmitAPI interface {
	AddJobFlowSteps(context.Context, *emr.AddJobFlowStepsInput, ...func(*emr.Options)) (*emr.AddJobFlowStepsOutput, error)
	StepsAPI
	DescribeAPI
}

// PutAPI stores what the runner is to do.
type PutAPI interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Submitter is the SubmitSteps state and the DAG engine.
type Submitter struct {
	Settings stage.Settings
	Runs     *store.Runs
	Pools    *pool.Store
	EMR      SubmitAPI
	Sizes    Sizes
	S3       PutAPI
	Waker    *wait.Waker
	Caller   func(context.Context) string // names the invocation, for intents
}

// Sizes give clusters what jobs want of them.
type Sizes interface {
	// Fit sees to it that the cluster of attempt a has the task units that jobs of
	// its run want now, and says what became of it. It never fails.
	Fit(ctx context.Context, rec *run.Record, a run.Cluster, want int) string
}

// SubmitInput is the payload of the SubmitSteps state.
type SubmitInput struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
	Token     string `json:"token"`
}

// Submit submits every job that can start and registers the token that is
// answered when a step has ended or no job is left.
func (s *Submitter) Submit(ctx context.Context, in SubmitInput) (struct{}, error) {
	began := time.Now()
	rec, err := s.Runs.Load(ctx, in.RunID)
	if err != nil {
		return struct{}{}, err
	}
	if err := rec.Refuse(in.Execution); err != nil {
		return struct{}{}, fmt.Errorf("submit steps: %w", err)
	}
	c := rec.Cluster()
	if c == nil || c.ID == "" {
		return struct{}{}, fault.New(fault.Internal, "submit steps of %s: it has no cluster", in.RunID)
	}
	if err := skip(ctx, s.Runs, rec); err != nil {
		return struct{}{}, err
	}
	if err := s.submit(ctx, rec, c.ID); err != nil {
		return struct{}{}, fmt.Errorf("submit steps of %s to %s: %w", in.RunID, c.ID, err)
	}
	return struct{}{}, s.Waker.Register(ctx, run.Waiter{
		RunID: in.RunID, Kind: run.ForSteps, Token: in.Token, Execution: in.Execution, ClusterID: c.ID,
		Attempts: attempts(rec), Shared: c.Pool != "", Since: began, Deadline: rec.Run.Deadline,
	})
}

// attempts names those in flight, as rec knows them.
func attempts(rec *run.Record) []string {
	var names []string
	for _, j := range rec.InFlight() {
		names = append(names, j.Step())
	}
	return names
}

// submit claims the jobs that can start and adds their steps in one call. rec
// is brought up to date.
func (s *Submitter) submit(ctx context.Context, rec *run.Record, clusterID string) error {
	claimed, adopt, err := s.claim(ctx, rec)
	if err != nil {
		return err
	}
	s.fit(ctx, rec, claimed)
	if adopt {
		all := claimed
		if claimed, err = adoptSteps(ctx, s.Runs, s.EMR, rec, clusterID, claimed); err != nil {
			return errors.Join(err, s.release(ctx, rec, all)) // nothing was submitted under these claims
		}
	}
	if len(claimed) == 0 {
		return nil
	}
	configs, err := s.configs(ctx, rec, claimed)
	if err != nil {
		return errors.Join(err, s.release(ctx, rec, claimed))
	}
	in := &emr.AddJobFlowStepsInput{JobFlowId: &clusterID, Steps: configs}
	if rec.Run.Role != "" {
		in.ExecutionRoleArn = &rec.Run.Role
	}
	// EMR has no client token for this call, so the SDK must not retry it.
	out, err := s.EMR.AddJobFlowSteps(ctx, in,
		func(o *emr.Options) { o.RetryMaxAttempts = 1 })
	if err == nil {
		return submitted(ctx, s.Runs, rec, clusterID, claimed, out.StepIds)
	}
	if fault.IsRejected(err) {
		return s.refused(ctx, rec, clusterID, claimed, err)
	}
	slog.WarnContext(ctx, "AddJobFlowSteps gave no clear answer, look for the steps", "runId", rec.Run.ID, "error", err.Error())
	left, findErr := adoptSteps(ctx, s.Runs, s.EMR, rec, clusterID, claimed)
	if findErr == nil && len(left) == 0 {
		return nil
	}
	return errors.Join(err, findErr)
}

// fit has the cluster made as large as the jobs want that are tried now or about
// to be, and no larger. They do not wait for it. When the last job has ended the
// cluster ends as well, or goes back to its pool, which takes back what it had.
func (s *Submitter) fit(ctx context.Context, rec *run.Record, claimed []*run.Job) {
	if !rec.Spec.Resizes() {
		return
	}
	var names []string
	for _, j := range rec.Jobs {
		if j.State == run.JobSubmitting || j.State == run.JobRunning {
			names = append(names, j.Name)
		}
	}
	if len(names) == 0 {
		return
	}
	note := s.Sizes.Fit(ctx, rec, *rec.Cluster(), rec.Spec.TaskUnits(names...))
	for _, j := range claimed {
		if j.Resize = ""; rec.Spec.TaskUnits(j.Name) > 0 {
			j.Resize = note
		}
	}
}

// refused gives up what EMR has refused. A cluster that has gone since the last
// step ended is nobody's bad input: then the jobs end as lost, and the waiter
// finds nothing left.
func (s *Submitter) refused(ctx context.Context, rec *run.Record, clusterID string, claimed []*run.Job, err error) error {
	if fault.NameOf(err) == fault.InvalidInput {
		look := &clusterLook{emr: s.EMR, id: clusterID}
		if status, lookErr := look.status(ctx); lookErr == nil && look.gone() {
			if rec.Cluster().Leased && untouched(rec, claimed) {
				return s.again(ctx, rec, claimed, status)
			}
			return abandon(ctx, s.Runs, rec, status)
		}
	}
	return errors.Join(err, s.unclaim(ctx, rec, claimed))
}

// unclaim takes claims back after a refusal. There is nothing of them on the
// cluster to look for, and while calls are refused for their number none should
// be wasted.
func (s *Submitter) unclaim(ctx context.Context, rec *run.Record, jobs []*run.Job) error {
	var errs []error
	for _, j := range jobs {
		next := *j
		next.State, next.Attempt, next.Intent, next.IntentAt = run.JobPending, j.Attempt-1, "", time.Time{}
		_, err := s.Runs.ReplaceJob(ctx, rec.Run.ID, next, run.JobSubmitting, j.Attempt)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// claim writes the intent to submit each job that can start. adopt says that
// some of them were claimed before, by an invocation that is dead by now, and
// may be on the cluster already.
func (s *Submitter) claim(ctx context.Context, rec *run.Record) (claimed []*run.Job, adopt bool, err error) {
	by, now := s.Caller(ctx), time.Now()
	for _, j := range startable(rec) {
		next := *j
		if j.State == run.JobSubmitting {
			if now.Sub(j.IntentAt) < run.Lease {
				return nil, false, fault.New(fault.Throttled, "another invocation submits job %s of run %s", j.Name, rec.Run.ID)
			}
			adopt = true
		} else {
			next.Attempt++
		}
		ok, err := s.Runs.ClaimJob(ctx, rec.Run.ID, next, by, now)
		if err != nil {
			return nil, false, err
		}
		if !ok {
			return nil, false, fault.New(fault.Throttled, "another invocation submits job %s of run %s", j.Name, rec.Run.ID)
		}
		next.State, next.Intent, next.IntentAt, next.StepID = run.JobSubmitting, by, now, ""
		*j = next
		claimed = append(claimed, j)
	}
	return claimed, adopt, nil
}

// release gives claims up after EMR said no, so that the next try need not
// wait for the lease.
func (s *Submitter) release(ctx context.Context, rec *run.Record, jobs []*run.Job) error {
	var errs []error
	for _, j := range jobs {
		errs = append(errs, s.Runs.ReleaseJob(ctx, rec.Run.ID, j.Name, j.Intent))
	}
	return errors.Join(errs...)
}

// configs stores what each runner is to do and returns the steps that say where
// it lies: a step's own arguments are limited to 10,240 characters.
func (s *Submitter) configs(ctx context.Context, rec *run.Record, jobs []*run.Job) ([]types.StepConfig, error) {
	var configs []types.StepConfig
	for _, j := range jobs {
		spec, err := s.spec(rec, *j)
		if err != nil {
			return nil, err
		}
		uri, err := s.store(ctx, rec.Run.Dir(j.Name, j.Attempt), spec)
		if err != nil {
			return nil, err
		}
		configs = append(configs, types.StepConfig{
			Name:            aws.String(rec.Cluster().Step(*j)),
			ActionOnFailure: types.ActionOnFailureContinue,
			HadoopJarStep: &types.HadoopJarStepConfig{
				Jar: aws.String("command-runner.jar"),
				// No shell, and nothing that a shell would change: with a runtime
				// role EMR takes the arguments through one more of them.
				Args: []string{"ephemr-runner", "-region", s.Settings.Region, "run", uri},
			},
		})
	}
	return configs, nil
}

// spec is what the runner is to do for the newest attempt of j.
func (s *Submitter) spec(rec *run.Record, j run.Job) (job.Spec, error) {
	dir := rec.Run.Dir(j.Name, j.Attempt)
	out := job.Spec{
		RunID: rec.Run.ID, Job: j.Name, Attempt: j.Attempt, Type: j.Type,
		LogGroup: s.Settings.RunLogGroup, StreamPrefix: dir,
		Result: "s3://" + s.Settings.LogsBucket + "/" + dir + "/result.json",
	}
	values := rec.Context(s.Settings.Stage, s.Settings.LakeURIs())
	if j.Type == job.Quality {
		checks, err := rec.Spec.RenderChecks(values)
		out.Checks = checks
		return out, named(err)
	}
	r, err := rec.Spec.RenderJob(j.Name, values)
	if err != nil {
		return out, named(err)
	}
	if r.Package == nil {
		return out, fault.New(fault.InvalidInput, "job %s has no package; run ephemr apply again", j.Name)
	}
	out.Venvs = "s3://" + s.Settings.ArtifactsBucket + "/" + rec.Run.Venvs()
	out.Package, out.PackageSHA256 = "s3://"+s.Settings.ArtifactsBucket+"/"+r.Package.Key, r.Package.SHA256
	out.Entry, out.Class, out.Args, out.Vars, out.Conf, out.Env = r.Entry, r.Class, r.Args, r.Vars, r.Conf, r.Env
	out.TimeoutSeconds = int(r.Timeout.Std().Seconds())
	return out, nil
}

func named(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.InvalidInput, "%w", err)
}
