// Package sqlfile reads SQL files: it splits them into statements, keeps their
// positions, and fills in params so that no value can become SQL.
//
// A file may begin with comments: the first line is its description, and lines
// like
//
//	-- param origin = JFK: airport of departure
//
// declare params. {{…}} is replaced:
//
//	{{.Params.origin}}                  'JFK', a text in quotes of its own
//	{{list .Params.carriers}}           'UA', 'AA' of "UA,AA"
//	{{int .Params.n}} {{number .Params.x}}
//	{{date .Params.day}} {{timestamp .Params.at}}
//	{{name .Params.column}}             an identifier: letters, digits, _
//	{{.Database}} {{.Stage}}            as they are
//	'{{.Lake.curated}}/delays/'         a bucket's address, within quotes
//
// It supports less than Go's templates on purpose: every part of the text is
// either written by the author or a value.
package sqlfile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// File is an SQL file.
type File struct {
	Name        string // name in messages
	Description string
	Params      []Param // declared or used, in the order of their appearance
	Statements  []Statement
}

// Param is a parameter of a file.
type Param struct {
	Name        string  `json:"name"`
	Default     *string `json:"default,omitempty"`
	Description string  `json:"description,omitempty"`
}

// Statement is one statement of a file.
type Statement struct {
	file         string
	line, column int
	hive         bool // read with Hive's grammar: a backslash in quotes is an escape
	query        bool
	parts        []part
}

// part is text, or an action.
type part struct {
	text         string
	action       *action
	at           int // of action in the file
	line, column int
}

// Parse reads text, which may begin with a byte order mark. The error joins all
// errors, each with file, line and column.
func Parse(name, text string) (*File, error) {
	f := &File{Name: name}
	if err := checkText(name, text); err != nil {
		return f, err
	}
	text = strings.TrimPrefix(text, "\ufeff")
	f.header(text)
	s := &scanner{file: f, text: []rune(text), line: 1, column: 1, open: -1}
	s.scan()
	for _, st := range f.Statements {
		for _, p := range st.parts {
			if p.action != nil && p.action.param != "" && !f.knows(p.action.param) {
				f.Params = append(f.Params, Param{Name: p.action.param})
			}
		}
	}
	return f, errors.Join(s.errs...)
}

// checkText returns an error for the first line that is not UTF-8.
func checkText(name, text string) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		if !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
			return fmt.Errorf("%s:%d: the line is not UTF-8 text; save the file as UTF-8", name, n)
		}
	}
	return nil
}

var (
	declaration = regexp.MustCompile(`^param\s+([A-Za-z][A-Za-z0-9_]*)\s*(?:=\s*(.*?)\s*)?(?::\s+(.*))?$`)
	comment     = regexp.MustCompile(`^\s*--\s*(.*?)\s*$`)
)

// header reads the comments before the first statement.
func (f *File) header(text string) {
	for line := range strings.Lines(text) {
		m := comment.FindStringSubmatch(strings.TrimRightFunc(line, unicode.IsSpace))
		if m == nil {
			return
		}
		p, ok := declared(m[1])
		if ok && !f.knows(p.Name) {
			f.Params = append(f.Params, p)
		}
		if !ok && f.Description == "" {
			f.Description = m[1]
		}
	}
}

// declared reads the declaration of a param in a comment.
func declared(text string) (Param, bool) {
	at := declaration.FindStringSubmatchIndex(text)
	if at == nil {
		return Param{}, false
	}
	group := func(n int) string {
		if at[2*n] < 0 {
			return ""
		}
		return text[at[2*n]:at[2*n+1]]
	}
	p := Param{Name: group(1), Description: group(3)}
	if at[4] >= 0 {
		p.Default = new(group(2))
	}
	return p, true
}

func (f *File) knows(param string) bool {
	return slices.ContainsFunc(f.Params, func(p Param) bool { return p.Name == param })
}

// Place formats a position in the file, given one in the statement as the engine
// counts: line and column from 1, column 0 for the whole line.
func (s Statement) Place(line, column int) string {
	if line <= 1 && column > 0 {
		column += s.column - 1
	}
	line += s.line - 1
	if column <= 0 {
		return fmt.Sprintf("%s:%d", s.file, line)
	}
	return fmt.Sprintf("%s:%d:%d", s.file, line, column)
}

// IsQuery reports whether the statement reads only, and has a result of its own columns.
func (s Statement) IsQuery() bool { return s.query }

// Where is the position of the statement.
func (s Statement) Where() string { return s.Place(1, 1) }
