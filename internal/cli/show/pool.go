package show

import (
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
)

// pool tells where the run's cluster comes from, if it is not its own.
func (p *page) pool() {
	c := p.rec.Cluster()
	if c == nil || c.Pool == "" || c.ID == "" {
		return
	}
	from := "made for"
	if c.Leased {
		from = "leased from"
	}
	p.field("cluster", "%s %s pool %s, %d of %s", c.ID, from, c.Pool, c.Steps, terminal.Count(c.Of, "step"))
}

// firstStep is when the first job began since the run was started or restarted:
// by its runner's clock or, while that has not spoken, when it was submitted.
func (p *page) firstStep() time.Time {
	var first time.Time
	for _, j := range p.rec.Jobs {
		at := j.StartedAt
		if at.IsZero() && j.State == run.JobRunning {
			at = j.IntentAt
		}
		if !at.IsZero() && !at.Before(p.rec.Run.StartedAt) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
