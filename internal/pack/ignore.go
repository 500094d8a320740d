package pack

import (
	"fmt"
	"path"
	"strings"
)

// always are the patterns that no .ephemrignore takes back.
var always = mustIgnore(".git\n__pycache__\n.DS_Store\n*.pyc\n/" + IgnoreFile)

// ignore is a list of patterns, the part of gitignore's language that people
// use:
//
//	# remark
//	*.csv       any file or directory of that name, at any depth
//	data/       directories only
//	/notes      a slash at the start or inside: from the top of the source
//	docs/*.md
//	**/tmp      ** stands for any number of directories
//	!keep.csv   takes an earlier pattern back; the last one that matches wins
//
// *, ? and [a-z] are those of path.Match. What lies in an ignored directory
// cannot be taken back.
type ignore []pattern

type pattern struct {
	segments []string
	dirOnly  bool
	negated  bool
}

func mustIgnore(text string) ignore {
	i, err := parseIgnore(text)
	if err != nil {
		panic(err) // a constant of this package
	}
	return i
}

func parseIgnore(text string) (ignore, error) {
	var all ignore
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		p, err := parsePattern(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", IgnoreFile, i+1, err)
		}
		all = append(all, p)
	}
	return all, nil
}

func parsePattern(line string) (pattern, error) {
	var p pattern
	rest, negated := strings.CutPrefix(line, "!")
	rest, p.dirOnly = strings.CutSuffix(rest, "/")
	p.negated = negated
	anchored := strings.Contains(rest, "/")
	p.segments = strings.Split(strings.TrimPrefix(rest, "/"), "/")
	if !anchored {
		p.segments = append([]string{"**"}, p.segments...)
	}
	for _, s := range p.segments {
		if _, err := path.Match(s, ""); err != nil || s == "" {
			return p, fmt.Errorf("%q is no pattern; write names, *, ?, [a-z] and **", line)
		}
	}
	return p, nil
}

// matches says whether a file or directory is left out.
func (i ignore) matches(name string, dir bool) bool {
	return always.last(name, dir) || i.last(name, dir)
}

// last follows the last pattern that matches.
func (i ignore) last(name string, dir bool) bool {
	ignored, segments := false, strings.Split(name, "/")
	for _, p := range i {
		if p.negated != ignored || p.dirOnly && !dir {
			continue // would change nothing
		}
		if matchSegments(p.segments, segments) {
			ignored = !p.negated
		}
	}
	return ignored
}

func matchSegments(pattern, name []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for skip := range len(name) + 1 {
				if matchSegments(pattern[1:], name[skip:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, _ := path.Match(pattern[0], name[0]); !ok { // the pattern was checked when it was read
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return len(name) == 0
}
