package operation

import (
	"context"
	"time"

	"ephemr/internal/admission"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// RetryRequest continues a failed or cancelled run.
type RetryRequest struct {
	RunID string `json:"runId"`
}

// Retried is the answer to a RetryRequest.
type Retried struct {
	RunID string `json:"runId"`
}

// Retrier continues runs.
type Retrier struct {
	Runs      *store.Runs
	Admission *admission.Requester
	// Restore writes again what the run was given in S3; it may have expired.
	Restore func(context.Context, run.Run) error
}

// Retry queues the run again and requests a pass of admission.
func (r *Retrier) Retry(ctx context.Context, in RetryRequest) (Retried, error) {
	queued, err := r.Runs.Requeue(ctx, in.RunID, time.Now())
	if err != nil {
		return Retried{}, err
	}
	if err := r.Restore(ctx, queued); err != nil {
		return Retried{RunID: queued.ID}, err
	}
	r.Admission.Request(ctx, queued.ID)
	return Retried{RunID: queued.ID}, nil
}
