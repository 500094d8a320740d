package cause

import (
	"regexp"
	"strings"
)

// chain is a Java exception with its causes, in the order in which they are printed: the
// last one is the root.
type chain struct {
	users string // the last exception with a message that the user's own code has thrown
	root  string
	open  bool // the next line says where root was thrown
}

// libraries are packages whose exceptions say how something failed, not what failed.
var libraries = regexp.MustCompile(`^at (?:app//|platform//)?(?:[\w.]+(?:@[\w.]+)?/)?(?:java|javax|jdk|sun|scala|org\.apache|com\.amazonaws|software\.amazon|py4j|io\.netty|com\.fasterxml)\.`)

// thrown takes an exception, which begins another chain unless it is a cause.
func (c *chain) thrown(line string, caused bool) {
	if !caused {
		*c = chain{}
	}
	c.root, c.open = line, true
}

// at takes the line after an exception. It reports whether that was decisive.
func (c *chain) at(line string) bool {
	if !c.open {
		return false
	}
	c.open = false
	if !libraries.MatchString(line) && strings.Contains(c.root, ": ") {
		c.users = c.root
	}
	return true
}

// line is what to report: what the user's code has thrown, and its root.
func (c *chain) line() string {
	switch {
	case c.users == "" || c.users == c.root, strings.HasSuffix(c.users, ": "+c.root):
		return c.root
	case strings.Contains(c.users, c.root):
		return c.users
	}
	return c.users + "; caused by " + c.root
}
