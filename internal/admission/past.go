package admission

import (
	"context"
	"time"

	"ephemr/internal/run"
)

// release puts runs whose predecessors have succeeded into the queues. The index may
// not have them there yet: their ids are returned, so that this pass can admit them.
func (p *pass) release(ctx context.Context) (ids []string, err error) {
	err = p.Runs.HeldFirst(ctx, func(r run.Run) error {
		succeeded, err := p.past(ctx, r)
		if err != nil || !succeeded {
			return err
		}
		if _, err := p.Runs.Release(ctx, r); err != nil {
			return err
		}
		ids = append(ids, r.ID)
		return nil
	})
	return ids, err
}

// newValue is how long a run waits for one that does not exist: that of the date before
// has been requested, unless its value is new in the matrix.
const newValue = 20 * time.Minute

// past reports whether the run that r waits for has succeeded, or r waits for none.
func (p *pass) past(ctx context.Context, r run.Run) (bool, error) {
	if r.After == "" {
		return true, nil
	}
	before, err := p.Runs.Peek(ctx, r.After)
	if err == nil && before == nil && len(r.Matrix) > 0 {
		return time.Since(r.RequestedAt) > newValue, nil
	}
	return before != nil && before.State == run.Succeeded, err
}
