package calendar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/events"
)

// QueueAPI sends requests for runs to the events queue.
type QueueAPI interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// Pipelines creates the schedules of pipelines that were registered before schedules
// were records.
type Pipelines interface {
	Adopt(ctx context.Context, now time.Time) error
}

// Calendar is the calendar function: a tick a minute invokes it.
type Calendar struct {
	Store     *Store
	Pipelines Pipelines
	Runs      Runs
	Cancels   Canceller
	SQS       QueueAPI
	Queue     string // URL
}

// Output is what a tick has done.
type Output struct {
	Requested int  `json:"requested"` // runs
	Skipped   int  `json:"skipped"`   // spans of planned times
	More      bool `json:"more"`      // the next tick continues
}

const (
	// mostATick is how many runs a tick requests: as many as intake accepts in a minute.
	mostATick = 2000
	// mostATurn is how many dates of a schedule are requested before it is the turn of
	// the next: one schedule with many missed dates does not keep others waiting.
	mostATurn = 50
	// margin is how long before its timeout the function begins nothing more.
	margin = 10 * time.Second
	// adoption is how long after the first tick pipelines without schedules are looked
	// for: until then functions of the version before may register some.
	adoption = time.Hour
)

// Tick requests a run for every planned time that is due. It sends the requests before
// it records them: when it fails in between, the next tick sends them again, and they
// find their runs.
func (c *Calendar) Tick(ctx context.Context, _ json.RawMessage) (Output, error) {
	t := &tick{Calendar: c, now: time.Now().UTC()}
	if err := c.adopt(ctx, t.now); err != nil {
		t.errs = append(t.errs, err) // the others are not affected
	}
	var due []Schedule
	if err := c.Store.Due(ctx, t.now, func(s Schedule) bool {
		due = append(due, s)
		return len(due) < mostATick
	}); err != nil {
		slog.ErrorContext(ctx, "schedules not read", "error", err.Error())
		t.errs = append(t.errs, err)
	}
	for len(due) > 0 {
		due = t.round(ctx, due)
	}
	if t.out.More {
		slog.WarnContext(ctx, "more dates are due than a tick handles: the next tick continues", "requested", t.out.Requested)
	}
	return t.out, errors.Join(t.errs...)
}

// adopt looks for pipelines without schedules during the first hour.
func (c *Calendar) adopt(ctx context.Context, now time.Time) error {
	begun, err := c.Store.Begun(ctx, now)
	if err != nil || now.Sub(begun) > adoption {
		return err
	}
	return c.Pipelines.Adopt(ctx, now)
}

// tick is one pass through the schedules that are due.
type tick struct {
	*Calendar

	now  time.Time
	out  Output
	errs []error // of single schedules, which the next tick tries again
}

// round gives each schedule a turn, and returns those with more dates due.
func (t *tick) round(ctx context.Context, due []Schedule) (more []Schedule) {
	for _, s := range due {
		if t.over(ctx) {
			t.out.More = true
			return nil
		}
		next, err := t.turn(ctx, s)
		if err != nil {
			slog.ErrorContext(ctx, "schedule not handled: the next tick tries again", "pipeline", s.Pipeline, "schedule", s.String(), "error", err.Error())
			t.errs = append(t.errs, err)
			continue
		}
		if next != nil {
			more = append(more, *next)
		}
	}
	return more
}

// over reports whether the tick has done its share.
func (t *tick) over(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return t.out.Requested >= mostATick || ok && time.Until(end) < margin || ctx.Err() != nil
}

// turn handles some of the dates of s, and returns it as it is then if more are due.
func (t *tick) turn(ctx context.Context, s Schedule) (*Schedule, error) {
	p, err := s.Plan(t.now, mostATurn)
	if err == nil {
		p, err = t.overlap(ctx, s, p)
	}
	if err != nil {
		return nil, err
	}
	before := s.Made
	for _, planned := range p.Make {
		if err := t.request(ctx, s, planned, before); err != nil {
			return nil, err
		}
		t.out.Requested++
		before = planned
	}
	moved, err := t.Store.Move(ctx, s, p, t.now)
	if err != nil || !moved {
		return nil, err // another tick has handled it, or it was changed
	}
	for _, k := range p.Skip {
		t.out.Skipped++
		slog.WarnContext(ctx, "dates skipped", "pipeline", s.Pipeline, "schedule", s.String(), "first", k.First, "last", k.Last, "reason", k.Reason)
	}
	if p.Next.IsZero() || p.Next.After(t.now) {
		return nil, nil //nolint:nilnil // nothing more is due
	}
	if !p.Made.Equal(s.Made) {
		s.MadeAt = t.now
	}
	s.Last, s.Made = p.Last, p.Made
	return &s, nil
}

// request sends the request for a run to intake. before is the date that was requested
// before.
func (t *tick) request(ctx context.Context, s Schedule, planned, before time.Time) error {
	due := events.ScheduleTick{
		Kind: events.KindSchedule, Pipeline: s.Pipeline, ScheduledTime: planned.UTC().Format(time.RFC3339), Params: s.Params, Priority: s.Priority,
		Schedule: s.String(),
	}
	if s.DependsOnPast && !before.IsZero() {
		due.After = s.RunID(before)
	}
	body, err := json.Marshal(due)
	if err != nil {
		return fmt.Errorf("encode request of %s: %w", s.Pipeline, err)
	}
	text := string(body)
	if _, err := t.SQS.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &t.Queue, MessageBody: &text}); err != nil {
		return fmt.Errorf("request run of %s for %s: %w", s.Pipeline, planned.Format(time.RFC3339), err)
	}
	slog.InfoContext(ctx, "run requested", "pipeline", s.Pipeline, "schedule", s.String(), "planned", planned)
	return nil
}
