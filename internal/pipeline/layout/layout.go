// Package layout reads the layouts of dates and times that templates name: Go's
// (2006-01-02), strftime's (%Y-%m-%d) and Java's (yyyy-MM-dd); some have a name. A layout that
// would print something other than what its author meant is an error: one
// without any part of a date, minutes where the month was meant, the week-based
// year without a week, letters that stand for nothing.
package layout

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Layout formats times.
type Layout struct{ parts []part }

// part is a literal text or an element of a time.
type part struct {
	text    string // as written
	element *element
}

// element is a part of a time: which field it shows, and how.
type element struct {
	field  field
	format func(time.Time) string
}

type field string

const (
	year     field = "the year"
	month    field = "the month"
	day      field = "the day"
	weekday  field = "the weekday"
	yearDay  field = "the day of the year"
	weekYear field = "the week-based year"
	week     field = "the ISO week"
	hour     field = "the hour"
	hour12   field = "the hour of 12"
	half     field = "AM or PM"
	minute   field = "minutes"
	second   field = "seconds"
	fraction field = "fractions of a second"
	zone     field = "the time zone"
	epoch    field = "seconds since 1970"
)

// Parse reads a layout in any of the three languages, or the name of one.
func Parse(text string) (Layout, error) {
	if layout := named[text]; layout != "" {
		return Parse(layout)
	}
	var (
		l        Layout
		err      error
		language = java
	)
	switch {
	case strings.Contains(text, "%"):
		language = strftime
		l, err = parseStrftime(text)
	case isGo(text):
		language = goes
		l, err = parseGo(text)
	default:
		l, err = parseJava(text)
	}
	if err == nil {
		err = l.unmixed(language)
	}
	if err == nil {
		err = l.check()
	}
	if advice := misnamed(text); err != nil && advice != "" {
		err = errors.New("no such layout; " + advice)
	}
	if err != nil {
		return Layout{}, fmt.Errorf("layout %q: %w", text, err)
	}
	return l, nil
}

// Format writes t.
func (l Layout) Format(t time.Time) string {
	var b strings.Builder
	for _, p := range l.parts {
		if p.element == nil {
			b.WriteString(p.text)
		} else {
			b.WriteString(p.element.format(t))
		}
	}
	return b.String()
}

// errConstant is about a layout that prints the same text for every date.
var errConstant = fmt.Errorf(`contains no part of a date; examples: "2006-01-02", "%%Y-%%m-%%d", "yyyy-MM-dd", or a name: %s`, strings.Join(Names, ", "))

// check rejects combinations that are mistakes.
func (l Layout) check() error {
	at := map[field]int{}
	text := map[field]string{}
	for i, p := range l.parts {
		if p.element == nil {
			continue
		}
		f := p.element.field
		if before, ok := text[f]; ok && before != p.text {
			return fmt.Errorf("%s and %s are both %s; remove one", before, p.text, f)
		}
		if _, ok := at[f]; !ok {
			at[f], text[f] = i, p.text
		}
	}
	if len(at) == 0 {
		return errConstant
	}
	if err := times(text); err != nil {
		return err
	}
	return dates(at, text)
}

// times rejects parts of a time of day that lack the part above them.
func times(text map[field]string) error {
	has := func(f field) bool { _, ok := text[f]; return ok }
	switch {
	case has(minute) && !has(hour) && !has(hour12):
		return fmt.Errorf("%s is minutes, but there is no hour; the month is 01 in Go's layouts, %%m in strftime, MM in Java's patterns", text[minute])
	case has(second) && !has(minute):
		return fmt.Errorf("%s is seconds, but there are no minutes", text[second])
	case has(hour12) && !has(half):
		return fmt.Errorf("%s is the hour of 12 without AM or PM; the hour of 24 is 15 in Go's layouts, %%H in strftime, HH in Java's patterns", text[hour12])
	}
	return nil
}

// dates rejects parts of a date that belong to another way of counting.
func dates(at map[field]int, text map[field]string) error {
	has := func(f field) bool { _, ok := at[f]; return ok }
	switch {
	case has(weekYear) && !has(week):
		return fmt.Errorf("%s is the week-based year, but there is no week; the year is 2006 in Go's layouts, %%Y in strftime, yyyy in Java's patterns", text[weekYear])
	case has(week) && has(year):
		return fmt.Errorf("%s is a week, which belongs to the week-based year, not to %s: write %%G-W%%V", text[week], text[year])
	case has(yearDay) && has(month):
		return fmt.Errorf("%s is the day of the year, but there is a month; the day of the month is 02 in Go's layouts, %%d in strftime, dd in Java's patterns", text[yearDay])
	case len(at) > 2 && at[year] < at[day] && at[day] < at[month] && has(year):
		return fmt.Errorf("%s (the day) stands before %s (the month); write year, month, day", text[day], text[month])
	}
	return nil
}

// std is an element that package time can format.
func std(f field, layout string) *element {
	return &element{f, func(t time.Time) string { return t.Format(layout) }}
}

func number(f field, format string, get func(time.Time) int) *element {
	return &element{f, func(t time.Time) string { return fmt.Sprintf(format, get(t)) }}
}

func isoYear(t time.Time) int { y, _ := t.ISOWeek(); return y }
func isoWeek(t time.Time) int { _, w := t.ISOWeek(); return w }

// isoWeekday counts from 1 for Monday to 7 for Sunday.
func isoWeekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

// add appends an element, or to the literal text before it.
func (l *Layout) add(text string, e *element) {
	if n := len(l.parts); e == nil && n > 0 && l.parts[n-1].element == nil {
		l.parts[n-1].text += text
		return
	}
	l.parts = append(l.parts, part{text, e})
}

// longest returns the longest of names that text begins with, or "".
func longest(text string, names []string) string {
	best := ""
	for _, n := range names {
		if len(n) > len(best) && strings.HasPrefix(text, n) {
			best = n
		}
	}
	return best
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

func keys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
