package pack

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/git-pkgs/gitignore"
)

// always are the patterns that an ignore file cannot negate.
var always = mustIgnore(".git\n__pycache__\n.DS_Store\n*.pyc\n/" + IgnoreFile)

// ignore is the content of an ignore file. Its language is git's: see
// gitignore(5). Two things differ. A pattern that git accepts although it can
// never match, such as "[a", is an error. And a symbolic link to a directory
// counts as a directory, because its content is packed.
type ignore []pattern

type pattern struct {
	glob    *gitignore.Matcher
	dirOnly bool
	negated bool
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
		line = strings.TrimSuffix(line, "\r")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if line = trimSpaces(line); line == "" {
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

// trimSpaces removes the spaces at the end that no backslash escapes.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			i++
		}
		end = min(i+1, len(line))
	}
	return line[:end]
}

// endMark follows every path and every pattern that the library compares. The
// library takes a pattern to match everything below a match too, and "a/**" to
// match a itself; git does neither. A directory that is excluded is not
// entered, so nothing below it has to be matched.
const endMark = "/\x00"

var trailingStars = regexp.MustCompile(`(^|/)\*\*+$`)

func parsePattern(line string) (pattern, error) {
	var p pattern
	glob, negated := strings.CutPrefix(line, "!")
	glob, p.dirOnly = strings.CutSuffix(glob, "/")
	p.negated = negated
	if !strings.Contains(glob, "/") {
		glob = "**/" + glob
	}
	glob = trailingStars.ReplaceAllString(strings.TrimPrefix(glob, "/"), "$1**/*")
	p.glob = &gitignore.Matcher{}
	p.glob.AddPatterns([]byte("/"+glob+endMark), "")
	if unclosed(glob) || len(p.glob.Errors()) > 0 {
		return p, fmt.Errorf("invalid pattern %q: unclosed [, unknown [:class:] or trailing backslash", line)
	}
	return p, nil
}

// unclosed reports whether a bracket expression or an escape of glob has no
// end. Git matches such a pattern with nothing, the library takes it literally.
func unclosed(glob string) bool {
	for i := 0; i < len(glob); i++ {
		switch glob[i] {
		case '\\':
			i++
			if i == len(glob) {
				return true
			}
		case '[':
			length := bracket(glob[i:])
			if length == 0 {
				return true
			}
			i += length - 1
		}
	}
	return false
}

// bracket returns the length of the bracket expression at the start of s, 0 if
// it has no end.
func bracket(s string) int {
	i := 1
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		i++
	}
	for first := i; i < len(s); i++ {
		switch {
		case s[i] == ']' && i > first:
			return i + 1
		case s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], "[:"):
			if class := strings.Index(s[i:], ":]"); class > 0 {
				i += class + 1
			}
		}
	}
	return 0
}

// matches reports whether a file or directory is left out.
func (i ignore) matches(name string, dir bool) bool {
	return always.last(name, dir) || i.last(name, dir)
}

// last follows the last pattern that matches.
func (i ignore) last(name string, dir bool) bool {
	ignored := false
	for _, p := range i {
		if p.negated != ignored || p.dirOnly && !dir {
			continue // would change nothing
		}
		if p.glob.Match(name + endMark) {
			ignored = !p.negated
		}
	}
	return ignored
}
