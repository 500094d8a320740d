package query

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"ephemr/internal/athena"
	"ephemr/internal/cli/terminal"
)

// Formats of rows.
const (
	FormatTable = "table"
	FormatCSV   = "csv"
	FormatJSON  = "json"
)

var formats = []string{FormatTable, FormatCSV, FormatJSON}

// writer streams a result.
type writer interface {
	// page writes some rows and reports whether more are needed.
	page(athena.Page) (more bool, err error)
	close() error
}

// asCSV writes RFC 4180 with a header; NULL is empty, and an empty string is a
// pair of quotes.
type asCSV struct {
	out   *bufio.Writer
	clean bool // it goes to a terminal: remove control characters
	begun bool
}

func (w *asCSV) page(p athena.Page) (bool, error) {
	if !w.begun {
		w.begun = true
		var names []*string
		for _, c := range p.Columns {
			names = append(names, &c.Name)
		}
		w.line(names)
	}
	for _, r := range p.Rows {
		w.line(r)
	}
	return true, w.out.Flush() // readers get rows before the end
}

func (w *asCSV) line(values []*string) {
	for i, v := range values {
		if i > 0 {
			_ = w.out.WriteByte(',') // Flush reports errors
		}
		if w.clean && v != nil {
			v = new(cleanLines(*v))
		}
		switch {
		case v == nil:
		case *v == "" || strings.ContainsAny(*v, "\",\r\n") || strings.TrimSpace(*v) != *v:
			_, _ = w.out.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
		default:
			_, _ = w.out.WriteString(*v)
		}
	}
	_ = w.out.WriteByte('\n')
}

func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = terminal.Clean(line)
	}
	return strings.Join(lines, "\n")
}

func (w *asCSV) close() error { return w.out.Flush() }

// asJSON writes an array with an object for each row, whose keys are in the
// order of the columns.
type asJSON struct {
	out  *bufio.Writer
	keys [][]byte
	kind []string
	rows int
}

func (w *asJSON) page(p athena.Page) (bool, error) {
	if w.keys == nil {
		for i, name := range distinct(p.Columns) {
			w.keys, w.kind = append(w.keys, encode(name)), append(w.kind, p.Columns[i].Type)
		}
	}
	for _, r := range p.Rows {
		begin := ",\n  {"
		if w.rows == 0 {
			begin = "[\n  {"
		}
		_, _ = w.out.WriteString(begin)
		for i, v := range r {
			if i > 0 {
				_, _ = w.out.WriteString(", ")
			}
			_, _ = w.out.Write(w.keys[i])
			_, _ = w.out.WriteString(": ")
			_, _ = w.out.Write(value(v, w.kind[i]))
		}
		_ = w.out.WriteByte('}')
		w.rows++
	}
	return true, w.out.Flush()
}

func (w *asJSON) close() error {
	end := "\n]\n"
	if w.rows == 0 {
		end = "[]\n"
	}
	_, _ = w.out.WriteString(end)
	return w.out.Flush()
}

// distinct returns names that can be the keys of one object: a second "id" is
// "id_2".
func distinct(columns []athena.Column) []string {
	var names []string
	for _, c := range columns {
		name := c.Name
		for n := 2; slices.Contains(names, name); n++ {
			name = fmt.Sprintf("%s_%d", c.Name, n)
		}
		names = append(names, name)
	}
	return names
}

// numbers are the numeric types. Values are written as Athena returns them,
// without rounding.
var numbers = []string{"tinyint", "smallint", "integer", "int", "bigint", "float", "real", "double", "decimal"}

// value writes v as JSON. NaN and Infinity, which JSON does not have, are strings.
func value(v *string, kind string) []byte {
	switch {
	case v == nil:
		return []byte("null")
	case slices.Contains(numbers, kind) && isNumber(*v), kind == "boolean" && (*v == "true" || *v == "false"):
		return []byte(*v)
	}
	return encode(*v)
}

// encode returns a JSON string.
func encode(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string can always be encoded
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func isNumber(v string) bool {
	return v != "" && (v[0] == '-' || v[0] >= '0' && v[0] <= '9') && json.Valid([]byte(v))
}

// asTable writes the first rows as a table.
type asTable struct {
	term   *terminal.IO
	max    int // 0 = all
	header []string
	rows   [][]string
	more   bool // rows than were written
}

// widest is the maximum width of a value on a terminal.
const widest = 60

func (w *asTable) page(p athena.Page) (bool, error) {
	if w.header == nil {
		for _, c := range p.Columns {
			w.header = append(w.header, terminal.OneLine(c.Name))
		}
	}
	for _, r := range p.Rows {
		if w.max > 0 && len(w.rows) == w.max {
			w.more = true
			return false, nil
		}
		row := make([]string, len(r))
		for i, v := range r {
			row[i] = w.cell(v)
		}
		w.rows = append(w.rows, row)
	}
	return true, nil
}

func (w *asTable) cell(v *string) string {
	if v == nil {
		return w.term.OutStyle().Dim("NULL")
	}
	text := terminal.OneLine(*v)
	if w.term.OutTTY {
		text = terminal.Clip(text, widest)
	}
	return text
}

func (w *asTable) close() error {
	checked := &careful{to: w.term.Out}
	term := *w.term
	term.Out = checked
	term.Table(w.header, w.rows)
	return checked.err
}

// careful remembers the first error of writing.
type careful struct {
	to  io.Writer
	err error
}

func (c *careful) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.to.Write(p)
	c.err = err
	return n, err
}
