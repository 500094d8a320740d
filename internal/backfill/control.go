package backfill

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/register"
	"ephemr/internal/run"
)

// Pipelines finds registered pipelines.
type Pipelines interface {
	Current(ctx context.Context, name string) (*register.Version, error)
}

// Runs lists runs by logical time.
type Runs interface {
	Dated(ctx context.Context, pipeline string, from, until time.Time, visit func(run.Run) error) error
}

// Controller carries out what people ask for.
type Controller struct {
	Store     *Store
	Pipelines Pipelines
	Runs      Runs
	Wake      func(ctx context.Context, id string) error // works on a backfill
	Admit     func(ctx context.Context, ids ...string)   // requests a pass of admission
}

// Named names a backfill.
type Named struct {
	ID string `json:"id"`
}

// Entries plans a request with what is recorded.
func Entries(ctx context.Context, q *Request, pipelines Pipelines, runs Runs, now time.Time) (b Backfill, all []Entry, _ error) {
	v, err := pipelines.Current(ctx, q.Pipeline)
	if err != nil {
		return b, nil, err
	}
	if v == nil {
		return b, nil, fault.New(fault.InvalidInput, "pipeline %q is not known; ephemr pipelines lists those that are", q.Pipeline)
	}
	if err := q.Check(now); err != nil {
		return b, nil, err
	}
	b = Backfill{Request: *q, State: Running, CreatedAt: now.UTC()}
	if b.Schedules, all, err = q.Plan(&v.Spec); err != nil { // before runs are read: the time may be long
		return b, nil, err
	}
	known, err := dated(ctx, *q, runs)
	for i := range all {
		e := &all[i]
		if e.There, e.Action = q.decide(known, e.RunID); e.Action != None {
			b.Children = append(b.Children, e.child)
		}
	}
	b.Total = len(b.Children)
	return b, all, err
}

// dated are the runs of the dates of q, by id.
func dated(ctx context.Context, q Request, runs Runs) (map[string]run.Run, error) {
	known := map[string]run.Run{}
	err := runs.Dated(ctx, q.Pipeline, q.From, q.To, func(r run.Run) error {
		known[r.ID] = r
		return nil
	})
	return known, err
}

// Start records a backfill and wakes what makes its runs.
func (c *Controller) Start(ctx context.Context, q Request) (Backfill, error) {
	now := time.Now()
	b, all, err := Entries(ctx, &q, c.Pipelines, c.Runs, now)
	if err != nil {
		return b, err
	}
	if b.Total == 0 {
		return b, fault.New(fault.InvalidInput, "nothing to do between %s and %s: %s", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339), nothing(q, len(all)))
	}
	return c.create(ctx, b, now)
}

// nothing says why a plan has no runs, and what to do next.
func nothing(q Request, dates int) string {
	switch {
	case dates == 0:
		return "no date is planned there; ephemr calendar shows those that are"
	case q.Only == Failed:
		return "no run of these dates has failed; --dry-run shows them"
	}
	return "all dates have runs; --dry-run shows them, and --only failed retries those that failed"
}

// RetryRequest asks for a new backfill of what has failed of another.
type RetryRequest struct {
	ID string `json:"id"`
	By string `json:"by,omitempty"`
}

// Retry records a backfill of the runs of another that have failed or were cancelled or
// refused, whatever the schedules are now.
func (c *Controller) Retry(ctx context.Context, in RetryRequest) (Backfill, error) {
	of, err := c.Store.Load(ctx, in.ID)
	if err != nil {
		return Backfill{}, err
	}
	known, err := dated(ctx, of.Request, c.Runs)
	if err != nil {
		return Backfill{}, err
	}
	now := time.Now()
	b := Backfill{Request: of.Request, State: Running, CreatedAt: now.UTC()}
	b.Request.Only, b.Request.By, b.Request.Of, b.Schedules = Failed, in.By, of.ID, of.Schedules
	for _, child := range of.Children {
		id, err := of.RunID(child)
		if err != nil {
			return b, err
		}
		if r, ok := known[id]; ok && r.Backfill == of.ID && failed(r.State) {
			b.Children = append(b.Children, child)
		}
	}
	if b.Total = len(b.Children); b.Total == 0 {
		return b, fault.New(fault.InvalidInput, "nothing to do: no run of backfill %s has failed, or another backfill retries it", of.ID)
	}
	return c.create(ctx, b, now)
}

// create records b and wakes what makes its runs.
func (c *Controller) create(ctx context.Context, b Backfill, now time.Time) (Backfill, error) {
	b.ID = now.UTC().Format("20060102t150405") + "-" + b.Request.Pipeline + "-" + run.Digest(now.UTC().Format(time.RFC3339Nano), fmt.Sprintf("%+v", b.Request))[:6]
	if err := c.Store.Create(ctx, b); err != nil {
		return b, err
	}
	slog.InfoContext(ctx, "backfill started", "backfill", b.ID, "runs", b.Total)
	return b, c.Wake(ctx, b.ID)
}

// Pause keeps the runs of a backfill that have not started from starting.
func (c *Controller) Pause(ctx context.Context, in Named) (Backfill, error) {
	return c.change(ctx, in.ID, Paused, Running)
}

// Resume undoes Pause.
func (c *Controller) Resume(ctx context.Context, in Named) (Backfill, error) {
	return c.change(ctx, in.ID, Running, Paused)
}

// Cancel cancels a backfill and its runs.
func (c *Controller) Cancel(ctx context.Context, in Named) (Backfill, error) {
	return c.change(ctx, in.ID, Cancelled, Running, Paused)
}

func (c *Controller) change(ctx context.Context, id string, to State, from ...State) (Backfill, error) {
	b, err := c.Store.Head(ctx, id)
	if err != nil {
		return Backfill{}, err
	}
	allowed := false
	for _, s := range from {
		allowed = allowed || b.State == s
	}
	if !allowed {
		return *b, fault.New(fault.InvalidInput, "backfill %s is %s already", id, b.State)
	}
	ok, err := c.Store.Change(ctx, *b, to, "", time.Now())
	if err == nil && !ok {
		err = fault.New(fault.Conflict, "backfill %s was changed at the same time; try again", id)
	}
	if err != nil {
		return *b, err
	}
	slog.InfoContext(ctx, "backfill changed", "backfill", id, "state", string(to))
	if b.State = to; to == Running {
		c.Admit(ctx)
	}
	return *b, c.Wake(ctx, id)
}
