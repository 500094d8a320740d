package quality

import (
	"fmt"

	"ephemr/internal/job"
)

// rule evaluates an expectation by reading values.
type rule struct {
	columns []string
	// begin is called for each file and returns a function that reports whether a row is
	// not as expected; nil = none is. Why says that the column cannot be evaluated.
	begin  func(columns []*vector) (bad func(i int) bool, why string)
	finish func(tally) verdict
}

// tally is what was counted by a rule.
type tally struct {
	rows  int64 // that were selected
	bad   int64 // of them, not as expected
	files int

	columns []string // of files without footers
}

// expectRows adds an expectation on the values of each row. Found describes the number of
// rows that are not as expected.
func (b *builder) expectRows(e *expected, columns []string, begin func([]*vector) (func(int) bool, string), found func(tally) string) {
	share := b.share
	e.rule = &rule{columns: columns, begin: begin, finish: func(t tally) verdict {
		return within(share.Allows(t.bad, t.rows), share.None(), share.String(), found(t))
	}}
	b.add(e)
}

// within is a verdict on a number of rows that may be allowed.
func within(ok, none bool, share, text string) verdict {
	if !none {
		text += ", at most " + share + " allowed"
	}
	return verdict{text, ok}
}

func rowsAreNot(t tally) string {
	if t.bad == 0 {
		return fmt.Sprintf("all of %d rows", t.rows)
	}
	return fmt.Sprintf("%d of %d rows are not", t.bad, t.rows)
}

// widest is the number of characters of a value that a sample shows.
const widest = 100

// sample shows a row of the columns that were read.
func sample(file string, row int64, names []string, columns []*vector, i int) job.Sample {
	s := job.Sample{File: file, Row: row, Values: map[string]string{}}
	for n, v := range columns {
		if v.null[i] {
			continue
		}
		text := []rune(v.text(i))
		if len(text) > widest {
			text = append(text[:widest-1:widest-1], '…')
		}
		s.Values[names[n]] = string(text)
	}
	return s
}
