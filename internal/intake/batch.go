package intake

import (
	"context"

	"ephemr/internal/register"
)

// batched reads each pipeline once for a batch of messages. All of them were sent before
// the batch was received, so none asks for a version that is registered later.
type batched struct {
	Pipelines

	current map[string]*register.Version // by name; nil = not registered
}

// Current returns what Current of Pipelines has returned first.
func (b batched) Current(ctx context.Context, name string) (*register.Version, error) {
	if v, known := b.current[name]; known {
		return v, nil
	}
	v, err := b.Pipelines.Current(ctx, name)
	if err == nil {
		b.current[name] = v
	}
	return v, err
}
