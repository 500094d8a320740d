package intake

import (
	"context"
	"time"

	"ephemr/internal/admission"
	"ephemr/internal/outcome"
)

// Door is the admit function: four kinds of callers come to it. Intake names
// new runs, events and the minute tick name nothing, a hand-started execution
// that found no room brings its token, and ephemr retry a run that is to go on.
type Door struct {
	Admission *admission.Admitter
	Preparer  *Preparer
}

// DoorInput is any of the four.
type DoorInput struct {
	admission.Input
	Waiting *struct {
		Execution
		Token string `json:"token"`
	} `json:"waiting"` // from the AwaitAdmission state
	Retry *struct {
		RunID string `json:"runId"`
	} `json:"retry"`
}

// Handle lets in what may come in.
func (d *Door) Handle(ctx context.Context, in DoorInput) (admission.Output, error) {
	if in.Waiting != nil {
		return admission.Output{}, d.Preparer.Await(ctx, in.Waiting.Execution, in.Waiting.Token)
	}
	if in.Retry != nil {
		r, err := d.Admission.Runs.Requeue(ctx, in.Retry.RunID, time.Now())
		if err != nil {
			return admission.Output{}, err
		}
		in.RunIDs = append(in.RunIDs, r.ID)
	}
	return d.Admission.Admit(ctx, in.Input)
}

// Ending is the FinishRun state's way in: it finds out which run an execution
// was, even when PrepareRun never got to say so.
type Ending struct {
	Finisher *outcome.Finisher
}

// EndingInput is the execution and the state it has come to.
type EndingInput struct {
	Execution
	State struct {
		RunID string              `json:"runId"`
		Error *outcome.StateError `json:"error"` // what stopped a later state
		Name  string              `json:"Error"` // what stopped PrepareRun: then this is all there is
		Cause string              `json:"Cause"`
	} `json:"state"`
}

// Finish records the outcome.
func (e *Ending) Finish(ctx context.Context, in EndingInput) (outcome.FinishOutput, error) {
	f := outcome.FinishInput{RunID: in.State.RunID, Execution: in.Execution.Execution, Error: in.State.Error}
	if f.RunID == "" {
		f.RunID = in.RunID()
	}
	if f.Error == nil && in.State.Name != "" {
		f.Error = &outcome.StateError{Error: in.State.Name, Cause: in.State.Cause}
	}
	return e.Finisher.Finish(ctx, f)
}
