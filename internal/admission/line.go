package admission

import (
	"context"
	"slices"

	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// mostGone is how many runs of a queue that are not queued any more a pass visits. The
// index lags behind for moments; the next pass continues.
const mostGone = 100

// line is what a team has queued.
type line struct {
	team   string
	active int      // runs that hold a slot
	queues []*queue // that are not empty, and whose pipelines are not full
}

// queue is what is queued of one pipeline with the same limits.
type queue struct {
	store.Queue

	gone int // runs that are not queued any more, which the index does not know yet
}

// lines reads what the teams have queued, for those that may start more.
func (p *pass) lines(ctx context.Context) ([]*line, error) {
	teams, err := p.Runs.Teams(ctx)
	if err != nil {
		return nil, err
	}
	var lines []*line
	for _, team := range teams {
		key := records.TeamSlotsKey(team)
		holders, err := p.Slots.Holders(ctx, key)
		if err != nil {
			return nil, err
		}
		if len(holders) >= p.Settings.Limits.OfTeam(team) {
			p.full[key] = true
			continue
		}
		l, err := p.line(ctx, team, len(holders))
		if err != nil {
			return nil, err
		}
		if len(l.queues) > 0 {
			lines = append(lines, l)
		}
	}
	return lines, nil
}

func (p *pass) line(ctx context.Context, team string, active int) (*line, error) {
	l, last := &line{team: team, active: active}, &line{team: team, active: active}
	for q, err := range p.Runs.Queues(ctx, team) {
		if err != nil {
			return nil, err
		}
		if err := p.count(ctx, q.Runs[0].Run); err != nil {
			return nil, err
		}
		switch {
		case p.room(q.Runs[0].Run) <= 0:
		case q.Runs[0].Backfill != "":
			last.queues = append(last.queues, &queue{Queue: q})
		default:
			l.queues = append(l.queues, &queue{Queue: q})
		}
	}
	if len(last.queues) > 0 {
		p.last = append(p.last, last)
	}
	return l, nil
}

// count reads how many slots of r's own limits are taken. A run holds a slot of the stage
// at least as long as one of its pipeline, so these are read only when they may be full.
func (p *pass) count(ctx context.Context, r run.Run) error {
	for i, s := range p.own(r) {
		if held, known := p.held[s.Key]; i == 0 && held < s.Max || i > 0 && known {
			continue
		}
		holders, err := p.Slots.Holders(ctx, s.Key)
		if err != nil {
			return err
		}
		p.held[s.Key] = len(holders)
		if len(holders) >= s.Max {
			p.full[s.Key] = true
		}
	}
	return nil
}

// room is how many runs may start that have the same own limits as r.
func (p *pass) room(r run.Run) int {
	room := p.free
	for _, s := range p.own(r) {
		if p.full[s.Key] {
			return 0
		}
		room = min(room, s.Max-p.held[s.Key])
	}
	return room
}

// first is the queue whose first run is the next to be admitted.
func (l *line) first() *queue {
	return slices.MinFunc(l.queues, func(a, b *queue) int {
		if a.Runs[0].Before(b.Runs[0]) {
			return -1
		}
		return 1
	})
}

func (l *line) drop(q *queue) {
	l.queues = slices.DeleteFunc(l.queues, func(x *queue) bool { return x == q })
}

// fewest returns the line with the fewest active runs.
func fewest(lines []*line) *line {
	return slices.MinFunc(lines, func(a, b *line) int { return a.active - b.active })
}
