// Package calendar is ephemr calendar: it lists the dates of a pipeline's schedules.
package calendar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ephemr/internal/calendar"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/follow"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/view/calendarview"
)

// Pipelines reads registered pipelines and their schedules.
type Pipelines interface {
	Current(ctx context.Context, name string) (*register.Version, error)
	Schedules(ctx context.Context, name string) ([]calendar.Schedule, error)
}

// Clients are the clients that calendar uses.
type Clients struct {
	Pipelines Pipelines
	Runs      calendarview.Runs
	Skips     calendarview.Skips
}

// Options of the command.
type Options struct {
	Pipeline string
	From, To string // "" = the last days
	JSON     bool
}

const (
	days = 14  // without --from
	most = 100 // dates without --from
)

// Run prints the calendar. With JSON that is a calendarview.Calendar.
func Run(ctx context.Context, o Options, io *terminal.IO, c Clients) error {
	v, err := c.Pipelines.Current(ctx, o.Pipeline)
	if err != nil {
		return err
	}
	if v == nil {
		return exit.Usage("pipeline %s not found; list pipelines with ephemr pipelines, register one with ephemr apply", o.Pipeline)
	}
	schedules, err := c.Pipelines.Schedules(ctx, o.Pipeline)
	if err != nil {
		return err
	}
	now := time.Now()
	q, err := o.query(schedules, now)
	if err != nil {
		return err
	}
	found, err := calendarview.Read(ctx, o.Pipeline, v.Paused, schedules, q, now, c.Runs, c.Skips)
	if _, tooMany := errors.AsType[*calendarview.TooManyError](err); tooMany {
		return exit.Usage("%w", err)
	}
	if err != nil {
		return err
	}
	if o.JSON {
		return io.JSON(found)
	}
	if len(schedules) == 0 {
		// Its dates are those of the runs that others have started.
		io.Notef("pipeline %s has no schedule%s\n", o.Pipeline, following(v.Spec))
		if len(found.Dates) == 0 {
			return nil
		}
	}
	show(io, found)
	return nil
}

// following says for which pipelines the runs of another wait.
func following(spec pipeline.Spec) string {
	if a := spec.After(); a != nil {
		return ": it runs " + follow.Label(*a)
	}
	return ""
}

// query is the span of dates that is asked for.
func (o Options) query(schedules []calendar.Schedule, now time.Time) (calendarview.Query, error) {
	zone := time.UTC
	if i := slices.IndexFunc(schedules, func(s calendar.Schedule) bool { return s.Until.IsZero() }); i >= 0 {
		var err error
		if zone, err = time.LoadLocation(schedules[i].Zone); err != nil {
			return calendarview.Query{}, fmt.Errorf("read schedule: %w", err)
		}
	}
	q := calendarview.Query{From: now.AddDate(0, 0, -days), Until: now}
	var err error
	if o.To != "" {
		if q.Until, err = when("to", o.To, zone, 1); err != nil {
			return q, err
		}
		q.From = q.Until.AddDate(0, 0, -days)
	}
	if o.From == "" {
		q.From, q.Most = registered(schedules, q.From), most
		return q, nil
	}
	if q.From, err = when("from", o.From, zone, 0); err != nil {
		return q, err
	}
	if q.Until.Before(q.From) {
		return q, exit.Usage("--from %s is after --to; exchange them", o.From)
	}
	return q, nil
}

// registered is from, or when the first of the schedules was registered if that was later.
func registered(schedules []calendar.Schedule, from time.Time) time.Time {
	var first time.Time
	for _, s := range schedules {
		if first.IsZero() || s.Since.Before(first) {
			first = s.Since
		}
	}
	if first.After(from) {
		return first.Add(1) // later planned times are its own
	}
	return from
}

// when reads a time, or a day in a zone: its beginning, or its end if more is 1.
func when(flag, text string, zone *time.Location, more int) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return day.AddDate(0, 0, more).Add(-time.Duration(more)), nil
	}
	t, err := run.ParseLogicalTime(text)
	if err != nil {
		return t, exit.Usage("--%s: %w", flag, err)
	}
	return t, nil
}
