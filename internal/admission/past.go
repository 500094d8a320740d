package admission

import (
	"context"

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

// past reports whether the run that r waits for has succeeded, or r waits for none.
func (p *pass) past(ctx context.Context, r run.Run) (bool, error) {
	if r.After == "" {
		return true, nil
	}
	before, err := p.Runs.Peek(ctx, r.After)
	return before != nil && before.State == run.Succeeded, err
}
