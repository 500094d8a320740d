package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// pass is one pass through the queues. The team with the fewest active runs goes
// first, so that a burst of one team cannot starve another's single run; within a
// team it is the highest priority and then the oldest. The cost of a pass depends on
// how many queues there are and on what it starts, not on how many runs wait.
type pass struct {
	*Admitter
	seen  map[string]bool
	full  map[records.Key]bool // scopes whose limit is reached
	free  int                  // slots of the stage
	held  map[records.Key]int  // slots that are taken of pipelines and of what has limits within them
	last  []*line              // queues of backfills: they are served when no other run can start
	later []run.Run            // runs of backfills that the index does not contain yet
	out   Output

	failed []error // one of each run that could not be started
}

// tooMany is how many runs a pass fails to start before it ends: then it is not the
// runs that are at fault.
const tooMany = 10

func (a *Admitter) pass() *pass {
	return &pass{Admitter: a, seen: map[string]bool{}, full: map[records.Key]bool{}, held: map[records.Key]int{}, out: Output{Admitted: []string{}}}
}

// run admits from all queues until they are empty or no limit allows more, and starts
// what an earlier pass has left. New runs that the index does not contain yet are named
// by ids.
func (p *pass) run(ctx context.Context, ids []string) error {
	released, err := p.release(ctx)
	if err == nil {
		err = p.walk(ctx)
	}
	for _, id := range append(ids, released...) {
		if err == nil {
			err = p.hint(ctx, id)
		}
	}
	for _, r := range p.later {
		if err == nil {
			_, err = p.visit(ctx, r)
		}
	}
	if err == nil {
		err = p.serveAll(ctx, p.last)
	}
	if err == nil {
		err = p.restart(ctx)
	}
	return errors.Join(append(p.failed, err)...)
}

func (p *pass) walk(ctx context.Context) error {
	holders, err := p.Slots.All(ctx)
	if err != nil {
		return err
	}
	if p.free = p.Settings.Limits.MaxActive - len(holders); p.free <= 0 {
		p.full[records.StageSlotsKey()], p.out.Full = true, true // most passes of a burst end here
		return nil
	}
	for _, holder := range holders {
		id, _ := run.OfExecution(holder)
		p.held[records.PipelineSlotsKey(run.PipelineOf(id))]++
	}
	lines, err := p.lines(ctx)
	if err != nil {
		return err
	}
	return p.serveAll(ctx, lines)
}

// serveAll visits the runs of lines until these are empty or no limit allows more.
func (p *pass) serveAll(ctx context.Context, lines []*line) error {
	for len(lines) > 0 && !p.full[records.StageSlotsKey()] {
		l := fewest(lines)
		if err := p.serve(ctx, l); err != nil {
			return err
		}
		if len(l.queues) == 0 || p.full[records.TeamSlotsKey(l.team)] {
			lines = slices.DeleteFunc(lines, func(x *line) bool { return x == l })
		}
	}
	return nil
}

// serve visits the first run of l, and reads the next of its queue when they are
// needed.
func (p *pass) serve(ctx context.Context, l *line) error {
	q := l.first()
	r := q.Runs[0]
	if p.room(r.Run) <= 0 { // another queue of the pipeline has taken the last slot
		l.drop(q)
		return nil
	}
	q.Runs = q.Runs[1:]
	admitted, err := p.visit(ctx, r.Run)
	if err != nil {
		return err
	}
	if admitted {
		l.active++
	} else {
		q.gone++
	}
	if p.full[records.StageSlotsKey()] {
		return nil
	}
	if q.gone == mostGone || p.room(r.Run) <= 0 {
		l.drop(q)
		return nil
	}
	if len(q.Runs) == 0 && q.More {
		if q.Queue, err = p.Runs.Behind(ctx, r, p.room(r.Run)); err != nil {
			return err
		}
	}
	if len(q.Runs) == 0 {
		l.drop(q)
	}
	return nil
}

// hint visits a run that the index does not contain yet. The id may be of any run,
// or of none.
func (p *pass) hint(ctx context.Context, id string) error {
	pipeline := records.PipelineSlotsKey(run.PipelineOf(id))
	if p.seen[id] || p.full[records.StageSlotsKey()] || p.full[pipeline] {
		return nil
	}
	rec, err := p.Runs.Load(ctx, id)
	if run.IsUnknown(err) {
		return nil
	}
	if err != nil { // the others are not affected
		p.failed = append(p.failed, fmt.Errorf("admit %s: %w", id, err))
		return ctx.Err()
	}
	if rec.Run.Backfill != "" {
		p.later = append(p.later, rec.Run)
		return nil
	}
	_, err = p.visit(ctx, rec.Run)
	if p.full[records.TeamSlotsKey(rec.Run.TeamName())] {
		p.full[pipeline] = true // no other run of it can start either
	}
	return err
}

// visit admits r if it is queued and the limits allow it.
func (p *pass) visit(ctx context.Context, r run.Run) (bool, error) {
	p.seen[r.ID] = true
	if r.State != run.Queued || slices.ContainsFunc(keys(r), func(k records.Key) bool { return p.full[k] }) {
		return false, nil
	}
	if succeeded, err := p.past(ctx, r); err != nil || !succeeded {
		return false, err
	}
	full, ok, err := p.try(ctx, r)
	if full != nil {
		p.full[full.Scope] = true
		p.out.Full = p.out.Full || full.Scope == records.StageSlotsKey()
	}
	if ok {
		if p.free--; p.free <= 0 {
			p.full[records.StageSlotsKey()], p.out.Full = true, true
		}
		for _, s := range p.own(r) {
			p.held[s.Key]++
		}
		p.out.Admitted = append(p.out.Admitted, r.ID)
	}
	return ok, err
}

// try is One. It keeps the error of a single run, and returns one that others would
// have too.
func (p *pass) try(ctx context.Context, r run.Run) (full *Full, ok bool, err error) {
	err = fault.Safely(func() (err error) {
		full, ok, err = p.One(ctx, r)
		return err
	})
	if err == nil || ctx.Err() != nil || len(p.failed) >= tooMany {
		return full, ok, err
	}
	slog.ErrorContext(ctx, "run not admitted, or its execution not started", "runId", r.ID, "admitted", ok, "error", err.Error())
	p.failed = append(p.failed, err)
	return full, ok, nil
}
