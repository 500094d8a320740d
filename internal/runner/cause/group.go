package cause

import (
	"regexp"
	"strings"
)

// group is an exception group of Python: its own line and the first of its exceptions.
type group struct {
	open       bool
	own, first string
}

var groupLine = regexp.MustCompile(`^(?:\| )+([A-Za-z_][\w.]*: .*)$`)

// read takes a line without the spaces before it. It reports whether it is one of a group.
func (g *group) read(at string) bool {
	if strings.HasPrefix(at, "+ Exception Group Traceback") {
		*g = group{open: true}
		return true
	}
	if !g.open || !strings.HasPrefix(at, "|") && !strings.HasPrefix(at, "+-") {
		g.open = false
		return false
	}
	switch m := groupLine.FindStringSubmatch(at); {
	case m == nil:
	case g.own == "":
		g.own = m[1]
	case g.first == "":
		g.first = m[1]
	}
	return true
}

// line is what to report, or "" if nothing is known yet.
func (g *group) line() string {
	if g.first == "" {
		return g.own
	}
	return g.own + ": " + g.first
}
