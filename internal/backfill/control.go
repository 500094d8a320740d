package backfill

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
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
	Wake      func(ctx context.Context, id string) error
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
	known := map[string]run.Run{}
	if err := runs.Dated(ctx, q.Pipeline, q.From, q.To, func(r run.Run) error { known[r.ID] = r; return nil }); err != nil {
		return b, nil, err
	}
	b = Backfill{Request: *q, State: Running, CreatedAt: now.UTC()}
	b.Schedules, all, err = q.Plan(&v.Spec, known)
	for _, e := range all {
		if e.Action != None {
			b.Children = append(b.Children, e.child)
		}
	}
	b.Total = len(b.Children)
	return b, all, err
}

// Start records a backfill and wakes what makes its runs.
func (c *Controller) Start(ctx context.Context, q Request) (Backfill, error) {
	now := time.Now()
	b, _, err := Entries(ctx, &q, c.Pipelines, c.Runs, now)
	if err != nil {
		return b, err
	}
	if b.Total == 0 {
		return b, fault.New(fault.InvalidInput, "nothing to do: no date between %s and %s is %s", q.From.Format(time.RFC3339), q.To.Format(time.RFC3339), q.Only)
	}
	b.ID = now.UTC().Format("20060102t150405") + "-" + q.Pipeline + "-" + strings.ToLower(rand.Text())[:6]
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
	b, err := c.Store.Load(ctx, id)
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
	b.State = to
	return *b, c.Wake(ctx, id)
}
