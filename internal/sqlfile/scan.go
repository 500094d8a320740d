package sqlfile

import (
	"fmt"
	"strings"
	"unicode"
)

// scanner splits a text at the semicolons outside quotes and comments.
type scanner struct {
	file         *File
	text         []rune
	at           int
	line, column int

	now   Statement
	code  bool // now contains more than spaces and comments
	began int  // where it does
	open  int  // where text of now begins that is not a part yet; -1 = nowhere
	errs  []error
}

func (s *scanner) scan() {
	for s.at < len(s.text) {
		switch {
		case s.looking("--"):
			s.comment("--", "\n")
		case s.looking("/*"):
			s.comment("/*", "*/")
		case s.looking("{{"):
			s.fill(false)
		case s.text[s.at] == ';':
			s.end()
			s.next()
		case isQuote(s.text[s.at]):
			s.begin()
			s.quotes(s.text[s.at])
		case unicode.IsSpace(s.text[s.at]):
			s.space()
		default:
			s.begin()
			s.take()
		}
	}
	s.end()
}

func (s *scanner) looking(at string) bool { return begins(s.text[s.at:], at) }

func (s *scanner) fault(line, column int, format string, args ...any) {
	s.errs = append(s.errs, fmt.Errorf("%s:%d:%d: %s", s.file.Name, line, column, fmt.Sprintf(format, args...)))
}

// next advances by one rune.
func (s *scanner) next() {
	if s.text[s.at] == '\n' {
		s.line, s.column = s.line+1, 1
	} else {
		s.column++
	}
	s.at++
}

// take adds a rune to the statement.
func (s *scanner) take() {
	if s.open < 0 {
		s.open = s.at
	}
	s.next()
}

// begin starts a statement with its first word.
func (s *scanner) begin() {
	if !s.code {
		s.code, s.began = true, s.at
		s.now = Statement{file: s.file.Name, line: s.line, column: s.column, hive: s.hive(), query: s.query()}
	}
}

// space and comments between words belong to the statement; those before it
// do not, so that it begins with its first word.
func (s *scanner) space() {
	if s.code {
		s.take()
		return
	}
	s.next()
}

func (s *scanner) comment(begin, end string) {
	line, column := s.line, s.column
	for range begin {
		s.space()
	}
	for s.at < len(s.text) {
		if ends(s.text[s.at:], end) {
			for range end {
				s.space()
			}
			return
		}
		s.space()
	}
	if end != "\n" {
		s.fault(line, column, "the comment is not closed")
	}
}

// quotes takes a text up to its closing quote, which is doubled to stand for
// itself.
func (s *scanner) quotes(quote rune) {
	line, column := s.line, s.column
	s.take()
	for s.at < len(s.text) {
		switch {
		case s.looking("{{"):
			s.fill(true)
		case escapes(s.text[s.at], quote, s.now.hive) && s.at+1 < len(s.text):
			s.take()
			s.take()
		case s.text[s.at] != quote:
			s.take()
		case s.looking(string([]rune{quote, quote})):
			s.take()
			s.take()
		default:
			s.take()
			return
		}
	}
	s.fault(line, column, "the quote %c is not closed", quote)
}

// fill reads an action.
func (s *scanner) fill(quoted bool) {
	s.begin()
	at := place{quoted: quoted, glued: s.at > 0 && glue(s.text[s.at-1])}
	s.flush()
	from, line, column := s.at, s.line, s.column
	var b strings.Builder
	for s.at < len(s.text) && !s.looking("}}") {
		b.WriteRune(s.text[s.at])
		s.next()
	}
	if s.at >= len(s.text) {
		s.fault(line, column, "{{ is not closed")
		return
	}
	s.next()
	s.next()
	a, err := readAction(strings.TrimPrefix(b.String(), "{{"), at)
	if err != nil {
		s.fault(line, column, "%v", err)
	}
	s.now.parts = append(s.now.parts, part{action: a, at: from, line: line, column: column})
}

// glue reports whether a literal directly after r would change its meaning:
// U&'…' has escapes, x'…' is binary, 'a”b' is one text.
func glue(r rune) bool {
	return strings.ContainsRune("_$&'\"`", r) || unicode.IsLetter(r) || unicode.IsDigit(r)
}

func (s *scanner) flush() {
	if s.open >= 0 {
		s.now.parts = append(s.now.parts, part{text: string(s.text[s.open:s.at])})
	}
	s.open = -1
}

// end ends the current statement, if any.
func (s *scanner) end() {
	s.flush()
	if s.code {
		s.settle()
		s.file.Statements = append(s.file.Statements, s.now)
	}
	s.code, s.now = false, Statement{}
}
