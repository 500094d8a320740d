package show

import "ephemr/internal/cli/terminal"

// pool prints the pool of the run's cluster.
func (p *page) pool() {
	c := p.rec.Cluster()
	if c == nil || c.Pool == "" || c.ID == "" {
		return
	}
	from := "created for"
	if c.Leased {
		from = "leased from"
	}
	p.field("cluster", "%s %s pool %s, %d of %s", c.ID, from, c.Pool, c.Steps, terminal.Count(c.Of, "step"))
}
