package sqlfile

import (
	"regexp"
	"strings"
)

// Athena runs some statements with Trino, where a backslash in quotes has no
// meaning, and the others with Hive's grammar, where it is an escape.
var (
	// engine matches the beginning of statements for Trino; CREATE TABLE may be for either.
	engine = regexp.MustCompile(`(?i)^[(\s]*(select|with|values|table|insert|delete|update|merge|unload|explain|prepare|execute|` +
		`create\s+(or\s+replace\s+)?(protected\s+)?(multi\s+dialect\s+)?view)\b`)
	query       = regexp.MustCompile(`(?i)^[(\s]*(select|with|values)\b`)
	createTable = regexp.MustCompile(`(?i)^create\s+(or\s+replace\s+)?table\b`)
	// ofQuery matches the clause that makes a CREATE TABLE one for Trino.
	ofQuery = regexp.MustCompile(`(?i)\bas\s*(\(|(select|with|values|table)\b)`)
)

// hive reports whether the statement at s.at is read with Hive's grammar. A
// CREATE TABLE is rejected if the two readings disagree.
func (s *scanner) hive() bool {
	rest := s.text[s.at:]
	hive := code(rest, true)
	switch text := string(hive); {
	case engine.MatchString(text):
		return false
	case !createTable.MatchString(text):
		return true
	}
	has := ofQuery.MatchString(string(hive))
	// Trino's reading of what would be sent, if it is Hive's: no more than that.
	trino := ofQuery.MatchString(string(code(rest[:len(hive)], false)))
	if has != trino {
		s.fault(s.line, s.column, `a backslash before a quote makes it ambiguous whether this is CREATE TABLE AS SELECT; `+
			`remove it before AS, or write CREATE EXTERNAL TABLE`)
	}
	return !trino
}

// query reports whether the statement at s.at is a query. Trino has no WITH that changes data.
func (s *scanner) query() bool { return query.MatchString(string(code(s.text[s.at:], false))) }

// settle rejects params of a Hive statement that are in quotes or in a comment
// as Trino reads it: a wrong guess of the engine must not turn a value into SQL.
func (s *scanner) settle() {
	if !s.now.hive {
		return
	}
	trino := code(s.text[s.began:s.at], false)
	for _, p := range s.now.parts {
		if p.action == nil || p.action.param == "" {
			continue
		}
		if at := p.at - s.began; at >= len(trino) || trino[at] != '{' {
			s.fault(p.line, p.column, "{{%s}}: a backslash before a quote makes it ambiguous whether this is in quotes; remove the backslash", p.action.source)
		}
	}
}

// code returns a statement up to its semicolon as one of the engines reads it:
// rune by rune, but comments are spaces and texts in quotes are all quotes.
func code(text []rune, hive bool) []rune {
	var out []rune
	for len(out) < len(text) && text[len(out)] != ';' {
		rest := text[len(out):]
		end, as := 1, rest[0]
		switch {
		case begins(rest, "--"):
			end, as = after(rest, "\n"), ' '
		case begins(rest, "/*"):
			end, as = after(rest, "*/"), ' '
		case isQuote(rest[0]):
			end = quoted(rest, hive)
		}
		for range end {
			out = append(out, as)
		}
	}
	return out
}

func begins(text []rune, with string) bool {
	return string(text[:min(len(with), len(text))]) == with
}

// after returns the end of a comment.
func after(text []rune, end string) int {
	for at := 2; at < len(text); at++ {
		if ends(text[at:], end) {
			return at + len(end)
		}
	}
	return len(text)
}

// ends reports whether a comment ends here. For both engines a carriage return alone
// ends a line.
func ends(text []rune, end string) bool {
	return begins(text, end) || end == "\n" && begins(text, "\r")
}

// quoted returns the end of the quoted string at the start of text. A doubled
// quote ends one string and begins another, which has the same effect.
func quoted(text []rune, hive bool) int {
	for at := 1; at < len(text); at++ {
		switch {
		case escapes(text[at], text[0], hive):
			at++
		case text[at] == text[0]:
			return at + 1
		}
	}
	return len(text)
}

func isQuote(r rune) bool { return strings.ContainsRune("'\"`", r) }

// escapes reports whether r within quotes escapes the next rune. In backticks
// nothing does.
func escapes(r, quote rune, hive bool) bool { return hive && r == '\\' && quote != '`' }
