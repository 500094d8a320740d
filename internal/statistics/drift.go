package statistics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ephemr/internal/job"
)

// LeastHistory is how many earlier runs a comparison needs.
const LeastHistory = 3

// History are the statistics of earlier runs that s is compared with.
type History struct {
	Runs []Statistics
	Of   string // what they have in common, e.g. "Mondays"; "" = nothing
}

// Drift compares s with earlier runs, as a check wants it: a finding for the rows and one for the
// share of nulls in each column.
func (s Statistics) Drift(d job.Drift, past History) (all []job.Finding) {
	if d.Rows != "" {
		most := number(d.Rows, "%")
		all = append(all, s.finding("rows within "+d.Rows+" of the median of earlier runs", past, func() (bool, string) { return s.rows(past, most) }))
	}
	if d.Nulls != "" {
		most := number(d.Nulls, "pp")
		all = append(all, s.finding("nulls within "+d.Nulls+" of the median of earlier runs", past, func() (bool, string) { return s.nulls(past, most) }))
	}
	return all
}

// finding is what compare finds, unless there is nothing to compare.
func (s Statistics) finding(expect string, past History, compare func() (bool, string)) job.Finding {
	f := job.Finding{Dataset: s.Output().Address(), Expect: expect, Source: job.SourceFooter}
	switch {
	case s.Rows == nil || s.Partial != "" && !s.Limited:
		f.Found = "no statistics: " + s.Partial
	case s.Partial != "":
		f.OK, f.Found = true, "not compared: "+s.Partial
	case len(past.Runs) < LeastHistory:
		f.OK, f.Found = true, fmt.Sprintf("not enough history: %s, %d are needed", runs(len(past.Runs)), LeastHistory)
	default:
		f.OK, f.Found = compare()
		f.Found += fmt.Sprintf(" (%s%s)", runs(len(past.Runs)), past.Of)
	}
	return f
}

func runs(n int) string {
	if n == 1 {
		return "1 run"
	}
	return strconv.Itoa(n) + " runs"
}

func number(text, unit string) float64 {
	n, _ := strconv.ParseFloat(strings.TrimSuffix(text, unit), 64) // was validated
	return n
}

func (s Statistics) rows(past History, most float64) (ok bool, found string) {
	var values []float64
	for _, p := range past.Runs {
		values = append(values, float64(*p.Rows))
	}
	usual, now := median(values), float64(*s.Rows)
	off := 0.0
	switch {
	case usual != 0:
		off = 100 * (now - usual) / usual
	case now != 0:
		off = math.Inf(1)
	}
	found = fmt.Sprintf("%d rows, the median is %s", *s.Rows, strconv.FormatFloat(usual, 'f', -1, 64))
	if usual != 0 {
		found = fmt.Sprintf("%s: %+.1f%%", found, off)
	}
	return math.Abs(off) <= most, found
}

// shift is how much the share of nulls in a column has changed.
type shift struct {
	column     string
	now, usual float64 // percent of the rows
}

func (h shift) points() float64 { return math.Abs(h.now - h.usual) }

// shown is how many columns a finding names.
const shown = 5

func (s Statistics) nulls(past History, most float64) (ok bool, found string) {
	var all []shift
	for _, c := range s.Columns {
		now, known := s.share(c.Name)
		var values []float64
		for _, p := range past.Runs {
			if v, ok := p.share(c.Name); ok {
				values = append(values, v)
			}
		}
		if known && len(values) >= LeastHistory {
			all = append(all, shift{c.Name, now, median(values)})
		}
	}
	if len(all) == 0 {
		return true, "not compared: no column has known nulls in enough runs"
	}
	slices.SortStableFunc(all, func(a, b shift) int { return cmp.Compare(b.points(), a.points()) })
	over := slices.IndexFunc(all, func(h shift) bool { return h.points() <= most })
	if over < 0 {
		over = len(all)
	}
	var parts []string
	for _, h := range all[:min(max(over, 1), shown)] {
		parts = append(parts, fmt.Sprintf("%s %.1f%%, the median is %.1f%%", h.column, h.now, h.usual))
	}
	if over > shown {
		parts = append(parts, fmt.Sprintf("and %d more columns", over-shown))
	}
	return over == 0, strings.Join(parts, "; ")
}

// share is the percentage of rows that have no value in a column.
func (s Statistics) share(column string) (percent float64, known bool) {
	c := s.Of(column)
	if c == nil || c.Nulls == nil || s.Rows == nil || *s.Rows == 0 {
		return 0, false
	}
	return 100 * float64(*c.Nulls) / float64(*s.Rows), true
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return 0
	}
	return (values[(n-1)/2] + values[n/2]) / 2
}
