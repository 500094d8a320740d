package register

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/calendar"
	"ephemr/internal/fault"
	"ephemr/internal/follow"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
)

// Paused is what pausing or resuming a pipeline has done.
type Paused struct {
	Pipeline string           `json:"pipeline"`
	Version  int              `json:"version"`
	Paused   bool             `json:"paused"`
	Changed  bool             `json:"changed"` // false = it was so before
	Why      string           `json:"why,omitempty"`
	Due      []calendar.Dates `json:"due"` // per schedule: what has become due and is not handled
}

// Pause stops the triggers of a pipeline. Its schedules keep up to when they were
// handled; ephemr calendar lists what becomes due meanwhile.
func (s *Store) Pause(ctx context.Context, name, why string, now time.Time) (Paused, error) {
	return s.setPaused(ctx, name, &pausing{to: true, why: why, now: now})
}

// Resume starts the triggers of a pipeline again. catchup says which of the dates that
// became due while it was paused are made; "" = what each schedule says.
func (s *Store) Resume(ctx context.Context, name string, catchup pipeline.Catchup, now time.Time) (Paused, error) {
	return s.setPaused(ctx, name, &pausing{catchup: catchup, now: now})
}

// pausing is a change from running to paused or back.
type pausing struct {
	to      bool
	why     string
	catchup pipeline.Catchup
	now     time.Time
}

// setPaused changes a pipeline and all of its schedules in one transaction. It can be
// repeated.
func (s *Store) setPaused(ctx context.Context, name string, p *pausing) (Paused, error) {
	for range maxRounds {
		before, err := s.registered(ctx, name)
		if err != nil {
			return Paused{}, err
		}
		if err := before.mustExist(name); err != nil {
			return Paused{}, err
		}
		out := Paused{Pipeline: name, Version: before.current.Number, Paused: p.to, Changed: before.current.Paused != p.to, Why: p.why, Due: []calendar.Dates{}}
		if !out.Changed {
			out.Why = before.current.PausedWhy
		}
		writes, err := s.pauseWrites(before, p, &out)
		if err != nil {
			return out, err
		}
		if err := s.owed(ctx, before, p, &out); err != nil || !out.Changed {
			return out, err
		}
		if done, err := s.transact(ctx, name, writes); done || err != nil {
			return out, err
		}
	}
	return Paused{}, busy(name)
}

// owed adds the runs after other runs that have become due while the pipeline was paused.
// Intake makes them when it is resumed.
func (s *Store) owed(ctx context.Context, before *registered, p *pausing, out *Paused) error {
	v, err := before.current.version()
	if err != nil {
		return err
	}
	a := v.Spec.After()
	if a == nil {
		return nil
	}
	all, err := follow.ReadOwed(ctx, s.DB, s.Runs, out.Pipeline)
	if d, due := follow.Dates(all, *a, cmp.Or(p.catchup, a.Catchup, calendar.DefaultCatchup)); due {
		out.Due = append(out.Due, d)
	}
	return err
}

func busy(name string) error {
	return fault.New(fault.Conflict, "pipeline %s is being changed by another caller; try again", name)
}

// pauseWrites are the writes of a change; out gets the dates that are due.
func (s *Store) pauseWrites(before *registered, p *pausing, out *Paused) ([]types.TransactWriteItem, error) {
	current, err := s.pauseWrite(before, p)
	if err != nil {
		return nil, err
	}
	writes := []types.TransactWriteItem{current}
	for _, r := range before.schedules {
		x, skipped := r.schedule, []calendar.Skipped(nil)
		if out.Changed && !p.to {
			if x, skipped, err = x.Resumed(p.catchup, p.now); err != nil {
				return nil, err
			}
		}
		dates, err := r.schedule.DueDates(x, p.now)
		if err != nil {
			return nil, err
		}
		if dates.Due > 0 {
			out.Due = append(out.Due, dates)
		}
		changed, err := s.replaceSchedule(r.schedule, x, skipped, p)
		if err != nil {
			return nil, err
		}
		writes = append(writes, changed...)
	}
	return writes, nil
}

// replaceSchedule are the writes that replace a schedule, and record the dates that are skipped.
func (s *Store) replaceSchedule(from, to calendar.Schedule, skipped []calendar.Skipped, p *pausing) ([]types.TransactWriteItem, error) {
	it, err := to.Item(p.to)
	if err != nil {
		return nil, err
	}
	put, err := records.PutWrite(s.Table, it, records.Is("last", from.Last))
	if err != nil {
		return nil, err
	}
	writes := []types.TransactWriteItem{put}
	for _, k := range skipped {
		put, err := k.Put(s.Runs, to, p.now)
		if err != nil {
			return nil, fmt.Errorf("record skipped dates of %s: %w", to.Pipeline, err)
		}
		writes = append(writes, put)
	}
	return writes, nil
}

// pauseWrite is the write of the current version.
func (s *Store) pauseWrite(before *registered, p *pausing) (types.TransactWriteItem, error) {
	u := expression.Set(expression.Name("paused"), expression.Value(p.to))
	if p.to {
		u = u.Set(expression.Name("pausedAt"), expression.Value(p.now.UTC())).Set(expression.Name("pausedWhy"), expression.Value(p.why)).Remove(expression.Name("resumed"))
	} else {
		u = u.Remove(expression.Name("pausedAt")).Remove(expression.Name("pausedWhy")).Set(expression.Name("resumed"), expression.Value(string(p.catchup)))
	}
	return records.UpdateWrite(s.Table, records.CurrentVersionKey(before.current.PK), u, before.unchanged())
}

// Schedules returns the schedules of a pipeline: those of its current version, and those
// of versions before that still have dates to be made.
func (s *Store) Schedules(ctx context.Context, name string) ([]calendar.Schedule, error) {
	found, err := s.registered(ctx, name)
	if err != nil {
		return nil, err
	}
	var all []calendar.Schedule
	for _, r := range found.schedules {
		all = append(all, r.schedule)
	}
	return all, nil
}
