package quality

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"math/bits"
	"time"

	"ephemr/internal/expectation"
	"ephemr/internal/job"
)

// related adds the expectation that a column of another dataset has the values.
func (b *builder) related(name string, r job.Reference) {
	values := newSet(b.checker.maxUnique())
	e := &expected{text: fmt.Sprintf("column %s is in %s of %s", name, r.Column, r.Dataset)}
	b.expectRows(e, []string{name}, func(vs []*vector) (func(int) bool, string) {
		keys := newKeys(vs)
		return func(i int) bool {
			k, null := keys.of(i)
			return !null && !values.has(k)
		}, ""
	}, rowsAreNot)
	e.prepare = func(ctx context.Context) error {
		_, err := b.checker.read(ctx, r.Dataset, &rule{columns: []string{r.Column}, begin: func(vs []*vector) (func(int) bool, string) {
			keys := newKeys(vs)
			return func(i int) bool {
				if k, null := keys.of(i); !null {
					values.add(k)
				}
				return false
			}, ""
		}})
		if err == nil && values.full {
			err = invalid("relationships %s: %s of %s has more than %d different values, which is what fits in memory", name, r.Column, r.Dataset, values.most)
		}
		return err
	}
}

// read evaluates a rule for all rows of another dataset.
func (c *Checker) read(ctx context.Context, name string, r *rule) (rows int64, err error) {
	check := job.Check{Dataset: name, Rows: ">= 0"}
	f, err := c.open(ctx, check)
	if err != nil {
		return 0, err
	}
	if problem := f.problem(); problem != "" {
		return 0, invalid("%s: %s", name, problem)
	}
	if f.summary != nil && r == nil {
		return f.summary.Rows, nil
	}
	if r == nil {
		r = &rule{}
	}
	r.finish = func(tally) verdict { return verdict{} }
	e := &expected{rule: r}
	s, err := c.scan(ctx, check, f, []*expected{e})
	if err != nil {
		return 0, err
	}
	if e.verdict.text != "" {
		return 0, invalid("%s: %s", name, e.verdict.text)
	}
	return s.rows, nil
}

// aggregates adds what is expected of columns as a whole.
func (b *builder) aggregates() {
	for _, name := range sorted(b.check.FreshnessOf) {
		b.latest(name, b.check.FreshnessOf[name])
	}
	if b.check.Reconcile != nil {
		b.reconcile(*b.check.Reconcile)
	}
}

// latest adds the expectation that the latest value of a column is not old.
func (b *builder) latest(name, age string) {
	limit, _ := expectation.ParseAge(age)
	var last time.Time
	judge := func() verdict {
		if last.IsZero() {
			return bad("no values")
		}
		old := b.checker.Now().Sub(last).Round(time.Second)
		return verdict{fmt.Sprintf("latest value is %s, %s old", last.Format(time.RFC3339), old), old <= limit}
	}
	b.add(&expected{text: "latest " + name + " at most " + age + " old", known: footers(b.check, func(f *files) (verdict, bool) {
		t, ok := f.latest(name)
		if !ok {
			return verdict{}, false
		}
		last = t
		return judge(), true
	}), rule: &rule{
		columns: []string{name},
		begin: func(vs []*vector) (func(int) bool, string) {
			at, why := timesOf(vs[0])
			return func(i int) bool {
				if t := at(i); t.After(last) {
					last = t
				}
				return false
			}, why
		},
		finish: func(tally) verdict { return judge() },
	}})
}

// timesOf returns a function that returns the time of a value; zero = is none.
func timesOf(v *vector) (at func(int) time.Time, why string) {
	switch {
	case v.kind == texts && v.typ != "binary" && v.typ != "uuid":
		return func(i int) time.Time {
			t, _ := parseTime(string(v.texts[i]))
			return t
		}, ""
	case v.isTime():
		return func(i int) time.Time {
			if v.null[i] {
				return time.Time{}
			}
			return v.time(i)
		}, ""
	}
	return nil, "the column is " + v.typ + ", which is not a date or time"
}

// reconcile adds the comparison of the number of rows, or of the sum of a column, with
// that of another dataset.
func (b *builder) reconcile(r job.Reconcile) {
	tolerance, _ := expectation.ParseShare(r.Tolerance)
	what, here, there := "rows", &sum{}, &sum{}
	var columns []string
	if r.Sum != "" {
		what, columns = "sum of "+r.Sum, []string{r.Sum}
	}
	judge := func(n *big.Rat, wrong string) verdict {
		other := there.total()
		if wrong = cmp.Or(wrong, prefixed("in "+r.Dataset+": ", there.wrong)); wrong != "" {
			return bad("%s", wrong)
		}
		difference := new(big.Rat).Sub(n, other)
		text := fmt.Sprintf("%s here, %s there", short(n), short(other))
		if difference.Sign() != 0 {
			text += ", difference " + short(difference)
		}
		ok := difference.Sign() == 0 || new(big.Rat).Abs(difference).Cmp(tolerance.Of(other)) <= 0
		return within(ok, tolerance.None(), tolerance.String(), text)
	}
	e := &expected{text: what + " as in " + r.Dataset}
	e.prepare = func(ctx context.Context) error {
		if r.Sum == "" {
			rows, err := b.checker.read(ctx, r.Dataset, nil)
			there.add(rows)
			return err
		}
		_, err := b.checker.read(ctx, r.Dataset, &rule{columns: columns, begin: there.begin})
		return err
	}
	e.rule = &rule{columns: columns, finish: func(t tally) verdict {
		if r.Sum == "" {
			here.add(t.rows)
		}
		n := here.total()
		return judge(n, here.wrong)
	}}
	if r.Sum == "" {
		e.known = footers(b.check, func(f *files) (verdict, bool) { return judge(big.NewRat(f.summary.Rows, 1), ""), true })
	} else {
		e.rule.begin = here.begin
	}
	b.add(e)
}

// prefixed is empty if text is.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// short writes a number with at most six digits after the point.
func short(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	return n.FloatString(6)
}

// sum adds numbers exactly, but floats as floats.
type sum struct {
	hi, lo uint64 // of the file that is read, unscaled, in two's complement
	scale  int
	whole  big.Rat
	floats float64
	wrong  string
}

func (s *sum) add(n int64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, uint64(n), 0)     //nolint:gosec // its bits
	s.hi, _ = bits.Add64(s.hi, uint64(n>>63), carry) //nolint:gosec // the sign, extended
}

// flush moves the sum of a file, whose scale another may not have.
func (s *sum) flush() {
	n := new(big.Int).Lsh(new(big.Int).SetInt64(int64(s.hi)), 64) //nolint:gosec // its bits
	n.Add(n, new(big.Int).SetUint64(s.lo))
	part := new(big.Rat).SetInt(n)
	s.whole.Add(&s.whole, part.Quo(part, power(s.scale)))
	s.hi, s.lo = 0, 0
}

func (s *sum) total() *big.Rat {
	s.flush()
	all := new(big.Rat)
	if all.SetFloat64(s.floats) == nil {
		s.wrong = fmt.Sprintf("the sum is %v", s.floats)
		return new(big.Rat)
	}
	return all.Add(all, &s.whole)
}

func (s *sum) begin(vs []*vector) (func(int) bool, string) {
	v := vs[0]
	s.flush()
	if s.scale = v.scale; v.kind == texts && v.typ != "binary" && v.typ != "uuid" {
		return s.text(v), ""
	}
	var add func(int)
	switch {
	case v.kind == floats:
		add = func(i int) { s.floats += v.floats[i] } // of a null it is 0
	case v.kind == bigs || v.wide:
		add = func(i int) { s.whole.Add(&s.whole, v.number(i)) }
	case v.kind == ints && v.unit == 0 && v.typ != "boolean":
		add = func(i int) { s.add(v.ints[i]) }
	default:
		return nil, "the column is " + v.typ + ", which has no sum"
	}
	return func(i int) bool {
		add(i)
		return false
	}, ""
}

// text adds numbers that are written as texts.
func (s *sum) text(v *vector) func(int) bool {
	return func(i int) bool {
		if v.null[i] {
			return false
		}
		n, ok := parseNumber(string(v.texts[i]))
		if !ok {
			s.wrong = "a value is not a number"
			return true
		}
		s.whole.Add(&s.whole, n)
		return false
	}
}
