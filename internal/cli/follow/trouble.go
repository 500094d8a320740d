package follow

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/fault"
)

// trouble counts how long AWS has not answered. A run is not over because the
// network of whoever looks at it is.
type trouble struct{ since time.Time }

// with returns the errors that end following, and says once when others begin.
func (t *trouble) with(ctx context.Context, what string, err error, emit func(Update)) error {
	now := time.Now()
	switch {
	case err == nil:
		t.since = time.Time{}
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !fault.Transient(err):
		return err
	case t.since.IsZero():
		t.since = now
		emit(Note{At: now, Text: fmt.Sprintf("cannot read %s just now, trying again", what)})
		return nil
	case now.Sub(t.since) > patience:
		return fmt.Errorf("no answer for %s: %w", patience, err)
	}
	return nil
}
