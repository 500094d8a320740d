package follow

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/fault"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
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
		emit(Note{At: now, Text: fmt.Sprintf("cannot read %s, retrying", what)})
		return nil
	case now.Sub(t.since) > patience:
		return fmt.Errorf("no response for %s: %w", patience, err)
	}
	return nil
}

// patient is a LogsAPI that does not give up at once: what is read to its end
// should come in order.
type patient struct {
	LogsAPI
	emit func(Update)
	gone trouble
}

// GetLogEvents tries again while that may help.
func (p *patient) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	for {
		out, err := p.LogsAPI.GetLogEvents(ctx, in, opts...)
		if e := p.gone.with(ctx, "the logs", err, p.emit); err == nil || e != nil {
			return out, e
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return nil, err
		}
	}
}
