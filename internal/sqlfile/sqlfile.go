// Package sqlfile reads SQL files: it cuts them into statements, knows where
// each stands, and fills params into them so that no value can become SQL.
//
// A file may begin with comments: the first line is its description, and lines
// like
//
//	-- param origin = JFK: airport of departure
//
// declare params. What stands in {{…}} is filled in:
//
//	{{.Params.origin}}                  'JFK', a text in quotes of its own
//	{{list .Params.carriers}}           'UA', 'AA' of "UA,AA"
//	{{int .Params.n}} {{number .Params.x}}
//	{{date .Params.day}} {{timestamp .Params.at}}
//	{{name .Params.column}}             an identifier: letters, digits, _
//	{{.Database}} {{.Stage}}            as they are
//	'{{.Lake.curated}}/delays/'         a bucket's address, within quotes
//
// It is less than Go's templates on purpose: a place in the text is either the
// author's or a value's.
package sqlfile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// File is an SQL file.
type File struct {
	Name        string // as it is to be called in messages
	Description string
	Params      []Param // declared or used, in the order of their appearance
	Statements  []Statement
}

// Param is a value that a file asks for.
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
	parts        []part
}

// part is text, or a place to be filled in.
type part struct {
	text         string
	action       *action
	at           int // of action in the file
	line, column int
}

// Parse reads text. The error says everything that is wrong, each with file,
// line and column.
func Parse(name, text string) (*File, error) {
	f := &File{Name: name}
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

// declared reads what a comment says of a param.
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

// Place names a place of the file, from one of the statement's as the engine
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

// Where is where the statement begins.
func (s Statement) Where() string { return s.Place(1, 1) }
