package intake

import (
	"context"

	"ephemr/internal/outcome"
)

// FinishHandler is the finishrun function: it determines which run an execution
// is of, even if PrepareRun never recorded it, and finishes the run.
type FinishHandler struct {
	Finisher *outcome.Finisher
}

// FinishRequest is the payload of the FinishRun state: the execution and the
// state machine's state.
type FinishRequest struct {
	Execution
	State struct {
		RunID string              `json:"runId"`
		Error *outcome.StateError `json:"error"` // of a state after PrepareRun
		Name  string              `json:"Error"` // of PrepareRun: then the state has nothing else
		Cause string              `json:"Cause"`
	} `json:"state"`
}

// Finish records the outcome.
func (h *FinishHandler) Finish(ctx context.Context, in FinishRequest) (outcome.FinishOutput, error) {
	f := outcome.FinishInput{RunID: in.State.RunID, Execution: in.Execution.Execution, Error: in.State.Error}
	if f.RunID == "" {
		f.RunID = in.RunID()
	}
	if f.Error == nil && in.State.Name != "" {
		f.Error = &outcome.StateError{Error: in.State.Name, Cause: in.State.Cause}
	}
	return h.Finisher.Finish(ctx, f)
}
