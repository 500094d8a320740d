package step

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/decide"
	"ephemr/internal/engine"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/wait"
)

// Stopper is the StopSteps state: it ends what a run has on its capacity when the
// run ends before its jobs do. Programs get SIGTERM first, so that they can clean
// up and the runner can record how they ended; after a grace period they get
// SIGKILL.
type Stopper struct {
	Runs    *store.Runs
	Engines engine.Set
	Looker  *Looker
	Waker   *wait.Waker
}

// StopInput is the payload of the StopSteps state.
type StopInput struct {
	RunID     string `json:"runId"`
	Execution string `json:"execution"`
	Token     string `json:"token"`
}

// Stopped is the answer to the StopSteps state.
type Stopped struct {
	Steps   int  `json:"steps"`   // how many there were to stop
	CleanUp bool `json:"cleanUp"` // SubmitSteps goes on with the jobs that clean up
}

// The grace periods of a stop. The runner itself kills a program that does not
// end within 10 s of SIGTERM.
const (
	KillGrace = 5 * time.Second  // until SIGKILL is sent again to what was killed at once
	TermGrace = 45 * time.Second // from SIGTERM to SIGKILL
	StopLimit = 4 * time.Minute  // from the first signal to the end of the wait
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
		RunID: in.RunID, Kind: run.ForStop, Token: in.Token, Execution: in.Execution, Since: began, Deadline: began.Add(StopLimit),
	}
	if c := rec.Cluster(); c != nil {
		w.ClusterID = c.ID
	}
	if !rec.Run.Owns(in.Execution) || rec.Run.State.Final() || w.ClusterID == "" {
		return struct{}{}, s.Waker.Answer(ctx, w, wait.Answer{Output: Stopped{}}) // another execution's, or nothing to stop
	}
	if err := s.find(ctx, rec); err != nil {
		return struct{}{}, fmt.Errorf("stop steps of %s on %s: %w", in.RunID, w.ClusterID, err)
	}
	if w.Attempts = attempts(rec); len(w.Attempts) == 0 {
		return struct{}{}, s.Waker.Answer(ctx, w, wait.Answer{Output: Stopped{CleanUp: decide.CleansUp(rec, began)}})
	}
	if err := s.Engines.Of(rec).Stop(ctx, rec, rec.Run.Kill); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, s.Waker.Register(ctx, w, engine.View{})
}

// find records attempts that an invocation began to submit and died over.
func (s *Stopper) find(ctx context.Context, rec *run.Record) error {
	var unsure []engine.Start
	var jobs []*run.Job
	for i := range rec.Jobs {
		if j := &rec.Jobs[i]; j.State == run.JobSubmitting {
			unsure, jobs = append(unsure, engine.Start{Job: j}), append(jobs, j)
		}
	}
	if len(unsure) == 0 {
		return nil
	}
	found, err := s.Engines.Of(rec).Find(ctx, rec, jobs)
	if err != nil {
		return err
	}
	_, err = submitted(ctx, s.Runs, rec, unsure, found)
	return err
}

// Look answers when nothing of the run is in flight any more. After the grace
// period what is left is killed; what survives that ends with the cluster.
func (s *Stopper) Look(ctx context.Context, rec *run.Record, v engine.View) (*wait.Answer, error) {
	if err := s.Looker.settle(ctx, rec, v); err != nil {
		return nil, err
	}
	if len(rec.InFlight()) == 0 {
		return &wait.Answer{Output: Stopped{Steps: len(rec.Waiter.Attempts), CleanUp: decide.CleansUp(rec, time.Now())}}, nil
	}
	age := time.Since(rec.Waiter.Since)
	if age > TermGrace || rec.Run.Kill && age > KillGrace {
		return nil, s.Engines.Of(rec).Stop(ctx, rec, true)
	}
	return nil, nil //nolint:nilnil // nothing has happened yet, and that is no error
}
