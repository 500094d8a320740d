package pipeline

import (
	"fmt"
	"regexp"
)

// place names a place in a pipeline, e.g. jobs[1].needs[0]; nil is the root.
type place struct {
	parent *place
	text   string
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// key returns the path of a table's entry.
func (p *place) key(name string) *place {
	switch {
	case !plainKey.MatchString(name):
		return &place{p, fmt.Sprintf("%s[%q]", p, name)}
	case p == nil:
		return &place{p, name}
	default:
		return &place{p, p.text + "." + name}
	}
}

// index returns the path of a list's item.
func (p *place) index(i int) *place { return &place{p, fmt.Sprintf("%s[%d]", p, i)} }

func (p *place) String() string {
	if p == nil {
		return ""
	}
	return p.text
}
