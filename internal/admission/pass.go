package admission

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// pass is one pass through the queues. The team with the fewest active runs goes
// first, so that a burst of one team cannot starve another's single run; within a
// team it is the highest priority and then the oldest.
type pass struct {
	*Admitter
	seen map[string]bool
	full map[records.Key]bool // scopes whose limit is reached
	out  Output

	failed []error // one of each run that could not be started
}

// tooMany is how many runs a pass fails to start before it ends: then it is not the
// runs that are at fault.
const tooMany = 10

// line is the queue of one team.
type line struct {
	team   string
	active int // runs that hold a slot
	next   func() (run.Run, error, bool)
	stop   func()
}

func (a *Admitter) pass() *pass {
	return &pass{Admitter: a, seen: map[string]bool{}, full: map[records.Key]bool{}, out: Output{Admitted: []string{}}}
}

// walk admits from all queues until they are empty or the stage's limit is reached.
func (p *pass) walk(ctx context.Context) error {
	holders, err := p.Slots.All(ctx)
	if err != nil {
		return err
	}
	if len(holders) >= p.Settings.Limits.MaxActive {
		p.full[records.StageSlotsKey()], p.out.Full = true, true // most passes of a burst end here
		return nil
	}
	lines, err := p.lines(ctx)
	if err != nil {
		return err
	}
	defer func() {
		for _, l := range lines {
			l.stop()
		}
	}()
	for len(lines) > 0 && !p.full[records.StageSlotsKey()] {
		i := fewest(lines)
		more, err := p.serve(ctx, &lines[i])
		if err != nil {
			return err
		}
		if !more {
			lines[i].stop()
			lines = slices.Delete(lines, i, i+1)
		}
	}
	return nil
}

// serve visits the first run of l; false means that the team has no more runs to
// admit.
func (p *pass) serve(ctx context.Context, l *line) (bool, error) {
	r, err, more := l.next()
	if err != nil || !more {
		return false, err
	}
	admitted, err := p.visit(ctx, r)
	if admitted {
		l.active++
	}
	return err == nil && !p.full[records.TeamSlotsKey(l.team)], err
}

func (p *pass) lines(ctx context.Context) ([]line, error) {
	teams, err := p.Runs.Teams(ctx)
	if err != nil {
		return nil, err
	}
	lines := make([]line, len(teams))
	for i, team := range teams {
		holders, err := p.Slots.Holders(ctx, records.TeamSlotsKey(team))
		if err != nil {
			return nil, err
		}
		lines[i] = line{team: team, active: len(holders)}
	}
	for i := range lines { // last, because each must be stopped
		next, stop := iter.Pull2(p.Runs.Queue(ctx, lines[i].team))
		lines[i].next, lines[i].stop = func() (run.Run, error, bool) { return next() }, stop
	}
	return lines, nil
}

// fewest returns the index of the line with the fewest active runs.
func fewest(lines []line) int {
	best := 0
	for i, l := range lines {
		if l.active < lines[best].active {
			best = i
		}
	}
	return best
}

// hint visits a run that the index does not contain yet. The id may be of any run,
// or of none.
func (p *pass) hint(ctx context.Context, id string) error {
	if p.seen[id] || p.full[records.StageSlotsKey()] {
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
	_, err = p.visit(ctx, rec.Run)
	return err
}

// visit admits r if it is queued and the limits allow it.
func (p *pass) visit(ctx context.Context, r run.Run) (bool, error) {
	p.seen[r.ID] = true
	if r.State != run.Queued || p.full[records.PipelineSlotsKey(r.Pipeline)] || p.full[records.TeamSlotsKey(r.TeamName())] {
		return false, nil
	}
	var full *Full
	var ok bool
	err := fault.Safely(func() (err error) {
		full, ok, err = p.One(ctx, r)
		return err
	})
	if err != nil && (ctx.Err() != nil || len(p.failed) >= tooMany) {
		return false, err
	}
	if err != nil { // the others are not affected
		slog.ErrorContext(ctx, "run not admitted, or its execution not started", "runId", r.ID, "admitted", ok, "error", err.Error())
		p.failed = append(p.failed, err)
	}
	if full != nil {
		p.full[full.Scope] = true
		p.out.Full = p.out.Full || full.Scope == records.StageSlotsKey()
	}
	if ok {
		p.out.Admitted = append(p.out.Admitted, r.ID)
	}
	return ok, nil
}
