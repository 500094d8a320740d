package step

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/fault"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// CancelAPI is the part of EMR that cancels steps.
type CancelAPI interface {
	CancelSteps(context.Context, *emr.CancelStepsInput, ...func(*emr.Options)) (*emr.CancelStepsOutput, error)
	StepsAPI
}

// Stopper is the StopSteps state: it ends what a run has on its cluster when
// the run ends before its jobs do. Programs are asked first (SIGTERM), so that
// they can clean up and the runner can say how they ended; those that do not
// listen are killed.
type Stopper struct {
	Runs   *store.Runs
	EMR    CancelAPI
	Looker *Looker
	Waker  *wait.Waker
}

// StopInput is the payload of the StopSteps state.
type StopInput struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
	Token     string `json:"token"`
}

// Stopped is the answer to the StopSteps state.
type Stopped struct {
	Steps int `json:"steps"` // how many there were to stop
}

// How long programs are asked, and how long they are waited for in all. The
// runner itself kills a program that does not end within 10 s of SIGTERM.
const (
	justAsked = 5 * time.Second
	askedFor  = 45 * time.Second
	waitedFor = 4 * time.Minute
)

// Stop asks the steps in flight to end and registers the token that is answered
// when they have; at once when there are none.
func (s *Stopper) Stop(ctx context.Context, in StopInput) (struct{}, error) {
	began := time.Now()
	rec, err := s.Runs.Load(ctx, in.RunID)
	if err != nil {
		return struct{}{}, err
	}
	w := run.Waiter{
		RunID: in.RunID, Kind: run.ForStop, Token: in.Token, Execution: in.Execution, Since: began, Deadline: began.Add(waitedFor),
	}
	if c := rec.Cluster(); c != nil {
		w.ClusterID = c.ID
	}
	if !rec.Run.Owns(in.Execution) || rec.Run.State.Final() || w.ClusterID == "" {
		return struct{}{}, s.Waker.Answer(ctx, w, wait.Answer{Output: Stopped{}}) // somebody else's, or nothing
	}
	if err := s.find(ctx, rec, w.ClusterID); err != nil {
		return struct{}{}, fmt.Errorf("stop steps of %s on %s: %w", in.RunID, w.ClusterID, err)
	}
	if w.Attempts = attempts(rec); len(w.Attempts) == 0 {
		return struct{}{}, s.Waker.Answer(ctx, w, wait.Answer{Output: Stopped{}})
	}
	if err := s.cancel(ctx, rec, w.ClusterID, rec.Run.Kill); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, s.Waker.Register(ctx, w)
}

// find looks for steps that somebody began to submit and died over.
func (s *Stopper) find(ctx context.Context, rec *run.Record, clusterID string) error {
	var unsure []*run.Job
	for i := range rec.Jobs {
		if rec.Jobs[i].State == run.JobSubmitting {
			unsure = append(unsure, &rec.Jobs[i])
		}
	}
	if len(unsure) == 0 {
		return nil
	}
	_, err := adoptSteps(ctx, s.Runs, s.EMR, rec, clusterID, unsure)
	if fault.NameOf(err) == fault.InvalidInput {
		return nil // EMR does not know the cluster any more
	}
	return err
}

// Look answers when nothing of the run is in flight any more. Whoever has not
// listened by then is killed; what even that does not end is left to whoever
// ends the cluster.
func (s *Stopper) Look(ctx context.Context, rec *run.Record, seen *types.ClusterStatus) (*wait.Answer, error) {
	if err := s.Looker.settle(ctx, rec, seen); err != nil {
		return nil, err
	}
	if len(rec.InFlight()) == 0 {
		return &wait.Answer{Output: Stopped{Steps: len(rec.Waiter.Attempts)}}, nil
	}
	age := time.Since(rec.Waiter.Since)
	if age > askedFor || rec.Run.Kill && age > justAsked {
		return nil, s.cancel(ctx, rec, rec.Waiter.ClusterID, true)
	}
	return nil, nil //nolint:nilnil // nothing has happened yet, and that is no error
}

// perCancel is how many steps one call cancels: as many as a cluster may have.
const perCancel = 256

// cancel asks EMR to end the steps in flight. What EMR refuses has ended by
// itself, or its cluster has: looking tells.
func (s *Stopper) cancel(ctx context.Context, rec *run.Record, clusterID string, kill bool) error {
	option := types.StepCancellationOptionSendInterrupt
	if kill {
		option = types.StepCancellationOptionTerminateProcess
	}
	var ids []string
	for _, j := range rec.InFlight() {
		ids = append(ids, j.StepID)
	}
	slog.InfoContext(ctx, "cancel steps", "runId", rec.Run.ID, "clusterId", clusterID, "steps", ids, "option", string(option))
	for some := range slices.Chunk(ids, perCancel) {
		_, err := s.EMR.CancelSteps(ctx, &emr.CancelStepsInput{ClusterId: &clusterID, StepIds: some, StepCancellationOption: option})
		if fault.NameOf(err) == fault.InvalidInput {
			slog.InfoContext(ctx, "nothing to cancel", "runId", rec.Run.ID, "clusterId", clusterID, "reason", err.Error())
			continue
		}
		if err != nil {
			return fmt.Errorf("cancel steps of run %s on %s: %w", rec.Run.ID, clusterID, err)
		}
	}
	return nil
}
