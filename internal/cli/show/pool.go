package show

import "ephemr/internal/cli/terminal"

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
