package show

import (
	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
)

// publication prints what the run has published, or where its data is.
func (p *page) publication() {
	pub := p.rec.Run.Publication
	if pub == nil {
		return
	}
	table := terminal.OneLine(pub.Table + " " + pub.Partition)
	switch pub.State {
	case run.Unpublished:
		p.field("data", "%s, not visible in %s", pub.Location, pub.Table)
		return
	case run.Superseded:
		p.field("superseded", "%s was published by run %s before, whose work began later", table, pub.By)
	case run.Undone:
		p.field("undone", "%s at %s", table, clock(pub.At))
	case run.Publishing:
		p.field("publishes", "%s", table)
	case run.Published:
		p.field("published", "%s at %s", table, clock(pub.At))
	}
	p.field("", "%s", pub.Location)
	if pub.Previous != "" {
		p.field("", "%s %s", pub.Previous, p.Dim(previousIs(pub.State)))
	}
}

// previousIs says what the previous location is to readers.
func previousIs(s run.PublicationState) string {
	if s == run.Published {
		return "before"
	}
	return "is what readers see"
}
