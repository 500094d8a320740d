package follow

import (
	"context"
	"fmt"
	"time"

	"ephemr/internal/fault"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// outage measures how long AWS has not responded. Network problems of the client
// do not end the following of a run.
type outage struct{ since time.Time }

// with returns the errors that end following, and emits a note when transient
// ones begin.
func (t *outage) with(ctx context.Context, what string, patience time.Duration, err error, emit func(Update)) error {
	now := time.Now()
	switch {
	case err == nil:
		if !t.since.IsZero() {
			emit(Note{At: now, Text: fmt.Sprintf("can read %s again", what)})
		}
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

// patient is a LogsAPI that retries: a stream that is read to its end must be in
// order.
type patient struct {
	LogsAPI
	emit func(Update)
	gone outage
}

// GetLogEvents retries transient errors.
func (p *patient) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput, opts ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	for {
		out, err := p.LogsAPI.GetLogEvents(ctx, in, opts...)
		if e := p.gone.with(ctx, "the logs", patience, err, p.emit); err == nil || e != nil {
			return out, e
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return nil, err
		}
	}
}
