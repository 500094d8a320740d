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

// queue is what is queued of one pipeline.
type queue struct {
	store.Queue

	room int // slots of the pipeline
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
	l := &line{team: team, active: active}
	for q, err := range p.Runs.Queues(ctx, team) {
		if err != nil {
			return nil, err
		}
		room, err := p.room(ctx, q.Runs[0].Run)
		if err != nil {
			return nil, err
		}
		if room > 0 {
			l.queues = append(l.queues, &queue{Queue: q, room: room})
		}
	}
	return l, nil
}

// room is how many runs of r's pipeline may start. A run holds a slot of the stage at
// least as long as one of its pipeline, so these are read only when they may be taken.
func (p *pass) room(ctx context.Context, r run.Run) (int, error) {
	key, most := records.PipelineSlotsKey(r.Pipeline), p.most(r)
	if p.held[r.Pipeline] >= most {
		holders, err := p.Slots.Holders(ctx, key)
		if err != nil {
			return 0, err
		}
		p.held[r.Pipeline] = len(holders)
	}
	room := most - p.held[r.Pipeline]
	if room <= 0 {
		p.full[key] = true
	}
	return room, nil
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
