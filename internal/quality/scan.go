package quality

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"ephemr/internal/dataset"
	"ephemr/internal/expectation"
	"ephemr/internal/fault"
	"ephemr/internal/footer"
	"ephemr/internal/job"
)

// batchRows is how many rows are evaluated at a time.
const batchRows = 4096

// columnError is a column that a file does not have, or of which it has not one value a row.
type columnError struct{ column, why string }

func (e *columnError) Error() string { return e.why }

// brokenError is a file that cannot be read.
type brokenError struct{ why string }

func (e *brokenError) Error() string { return e.why }

// source reads columns of a file.
type source interface {
	vectors() []*vector
	columns() []string // all that the file has
	next() (rows int, err error)
	fill(column, rows int) error
	read(column int) int64 // bytes
	close() error
}

// scanner evaluates rules for all rows of a dataset, in one pass.
type scanner struct {
	check  job.Check
	files  *files
	names  []string // of the columns that are read
	where  *expectation.Where
	filter []int // columns of where
	rules  []*running

	rows    int64 // that were selected
	columns []string
	seconds []float64 // by column
	bytes   []int64
	seen    []bool // the column has been found

	incomplete bool // not all rows were read
	over       bool // no rule can be decided by reading on
}

// running is a rule and what it has counted.
type running struct {
	*expected

	at    []int // its columns
	bad   func(int) bool
	count int64
	took  float64 // seconds, without reading
}

// scan decides the expectations that are open.
func (c *Checker) scan(ctx context.Context, check job.Check, f *files, open []*expected) (*scanner, error) {
	s := &scanner{check: check, files: f}
	if check.Where != "" {
		where, err := expectation.ParseWhere(check.Where)
		if err != nil {
			return nil, &InvalidError{err}
		}
		s.where, s.filter = where, s.index(where.Columns)
	}
	for _, e := range open {
		s.rules = append(s.rules, &running{expected: e, at: s.index(e.rule.columns)})
	}
	s.seconds, s.bytes, s.seen = make([]float64, len(s.names)), make([]int64, len(s.names)), make([]bool, len(s.names))
	for _, o := range f.objects {
		if err := s.file(ctx, o); err != nil {
			return nil, err
		}
		if s.over {
			break
		}
	}
	return s, s.finish()
}

// index returns the places of columns, which are added if need be.
func (s *scanner) index(columns []string) (at []int) {
	for _, name := range columns {
		i := slices.Index(s.names, name)
		if i < 0 {
			i = len(s.names)
			s.names = append(s.names, name)
		}
		at = append(at, i)
	}
	return at
}

// file reads one file. What is wrong with it is found by the rules that are affected.
func (s *scanner) file(ctx context.Context, o dataset.Object) (err error) {
	defer func() {
		if p := recover(); p != nil { // the file is untrusted
			err, s.incomplete = nil, true
			s.fail(nil, fmt.Sprintf("%s cannot be read: %v", o.Key, p))
		}
	}()
	src, err := s.open(ctx, o)
	if err == nil && src != nil {
		err = errors.Join(s.readAll(src, o), src.close())
	}
	return s.explain(o, err)
}

// explain turns what is wrong with a file into verdicts.
func (s *scanner) explain(o dataset.Object, err error) error {
	broken, isBroken := errors.AsType[*brokenError](err)
	invalidFooter, isInvalid := errors.AsType[*footer.InvalidError](err)
	s.incomplete = s.incomplete || err != nil
	switch why := unevaluated(err); {
	case why != "": // the value of a row
		s.over = true
		s.fail(nil, why)
	case isBroken:
		s.fail(nil, broken.why)
	case isInvalid:
		s.fail(nil, o.Key+" "+invalidFooter.Why)
	case fault.Code(err) == "PreconditionFailed" || fault.Code(err) == "NoSuchKey":
		s.fail(nil, o.Key+" was replaced or deleted after it was listed")
	default:
		return err
	}
	return nil
}

// open opens a file with the columns that it has; rules that need others have failed.
func (s *scanner) open(ctx context.Context, o dataset.Object) (src source, err error) {
	for {
		if expectation.HasFooters(s.files.format) { // ORC is refused, as values are needed
			src, err = openParquet(ctx, o, s.names)
		} else {
			src, err = openRows(ctx, o, s.files.format, s.names, s.check.Columns)
		}
		lost, ok := errors.AsType[*columnError](err)
		if !ok {
			return src, err
		}
		i := slices.Index(s.names, lost.column)
		if s.fail(&i, lost.why); slices.Contains(s.filter, i) {
			return nil, nil //nolint:nilnil // every rule has failed
		}
		s.drop(i)
	}
}

// drop removes a column that no undecided rule needs.
func (s *scanner) drop(i int) {
	s.names, s.seconds = slices.Delete(s.names, i, i+1), slices.Delete(s.seconds, i, i+1)
	s.bytes, s.seen = slices.Delete(s.bytes, i, i+1), slices.Delete(s.seen, i, i+1)
	shift := func(at []int) {
		for n := range at {
			if at[n] > i {
				at[n]--
			}
		}
	}
	shift(s.filter)
	for _, r := range s.rules {
		shift(r.at)
	}
}

// fail decides the rules that need a column, or all of them.
func (s *scanner) fail(column *int, why string) {
	for _, r := range s.rules {
		if column == nil || slices.Contains(r.at, *column) || slices.Contains(s.filter, *column) {
			r.decide(bad("%s", why))
		}
	}
}

func (r *running) decide(v verdict) {
	if !r.decided {
		r.verdict, r.decided = v, true
	}
}

func (s *scanner) readAll(src source, o dataset.Object) error {
	vectors := src.vectors()
	s.begin(vectors, o)
	row := int64(1)
	defer func() {
		for i := range s.names {
			s.bytes[i] += src.read(i)
		}
	}()
	for {
		began := time.Now()
		n, err := src.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		shared := time.Since(began).Seconds()
		for i := range vectors {
			began := time.Now()
			if err := src.fill(i, n); err != nil {
				return err
			}
			s.seconds[i] += time.Since(began).Seconds() + shared
		}
		if err := s.batch(vectors, o.Key, row, n); err != nil {
			return err
		}
		row += int64(n)
	}
	for _, name := range src.columns() {
		if !slices.Contains(s.columns, name) {
			s.columns = append(s.columns, name)
		}
	}
	return nil
}

// begin prepares the rules for the types of a file.
func (s *scanner) begin(vectors []*vector, o dataset.Object) {
	for _, r := range s.rules {
		if r.decided || r.rule.begin == nil {
			r.bad = nil
			continue
		}
		var why string
		if r.bad, why = r.rule.begin(pick(vectors, r.at)); why != "" {
			r.decide(bad("%s in %s", why, o.Key))
		}
	}
}

func pick(vectors []*vector, at []int) []*vector {
	some := make([]*vector, len(at))
	for i, n := range at {
		some[i] = vectors[n]
	}
	return some
}

// batch evaluates some rows.
func (s *scanner) batch(vectors []*vector, key string, first int64, n int) error {
	for i, v := range vectors {
		s.seen[i] = s.seen[i] || slices.Contains(v.null, false)
	}
	var selected []bool
	if s.where != nil {
		var err error
		if selected, err = s.selects(vectors, n); err != nil {
			return err
		}
	}
	s.rows += count(selected, n)
	for _, r := range s.rules {
		if r.bad == nil || r.decided {
			continue
		}
		began := time.Now()
		r.rows(selected, n, func(i int) job.Sample { return sample(key, first+int64(i), s.names, vectors, i) })
		r.took += time.Since(began).Seconds()
	}
	return nil
}

// count is the number of rows that are selected; nil = all.
func count(selected []bool, n int) (rows int64) {
	if selected == nil {
		return int64(n)
	}
	for _, yes := range selected {
		if yes {
			rows++
		}
	}
	return rows
}

// rows evaluates the rule for some rows.
func (r *running) rows(selected []bool, n int, show func(i int) job.Sample) {
	for i := range n {
		if selected != nil && !selected[i] || !r.bad(i) {
			continue
		}
		if r.count++; len(r.samples) < job.MaxSamples {
			r.samples = append(r.samples, show(i))
		}
	}
}

// finish decides the rules for which all rows were read.
func (s *scanner) finish() error {
	for _, r := range s.rules {
		if r.full != nil && !r.decided {
			if err := r.full(); err != nil && !r.excuse(err) {
				return err
			}
		}
		r.source, r.bytes, r.seconds = job.SourceRead, 0, r.took
		for _, i := range append(slices.Clone(r.at), s.filter...) {
			if i < len(s.names) {
				r.bytes += s.bytes[i]
				r.seconds += s.seconds[i]
			}
		}
		if lost := s.unseen(r); lost != "" {
			r.decide(bad("%s: %s; columns: %s", missing, lost, named(s.columns)))
		}
		if !r.decided {
			r.decide(r.rule.finish(tally{rows: s.rows, bad: r.count, files: len(s.files.objects), columns: s.columns}))
		}
		if r.ok {
			r.samples = nil
		}
	}
	return nil
}

// unseen names a column of a rule that no object of JSON Lines has.
func (s *scanner) unseen(r *running) string {
	if s.files.format != job.FormatJSONL || s.rows == 0 && s.where == nil {
		return ""
	}
	for _, i := range append(slices.Clone(r.at), s.filter...) {
		if i < len(s.names) && !s.seen[i] && !slices.Contains(s.columns, s.names[i]) {
			return s.names[i]
		}
	}
	return ""
}
