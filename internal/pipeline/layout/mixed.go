package layout

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// javaRun matches letters that are elements of Java's patterns, alone or beside one another.
var javaRun = regexp.MustCompile(`(?:^|[^A-Za-z])((?:[yu]{4}|[yu]{2}|YYYY|YY|MMMM?|MM|dd|DDD?|EEEE?|HH|hh|mm|ss|SSS)+)(?:$|[^A-Za-z])`)

// goRun matches digits that are elements of Go's layouts, and that no other language would have beside its own.
var goRun = regexp.MustCompile(`2006|15[:.-]?04|01[/.-]?02|\b(?:January|Monday|MST)\b`)

// quoted matches letters in quotes, which are literal in Java's patterns only.
var quoted = regexp.MustCompile(`'[A-Za-z]+'`)

// unmixed rejects literal text that is an element of another language.
func (l Layout) unmixed(language string) error {
	first := slices.IndexFunc(l.parts, func(p part) bool { return p.element != nil })
	if first < 0 {
		return nil
	}
	for _, p := range l.parts {
		if found, of := foreign(p.text, language); p.element == nil && found != "" {
			return fmt.Errorf("mixes %s (%s) with %s (%s); write it in one of them: \"2006-01-02\", \"%%Y-%%m-%%d\" or \"yyyy-MM-dd\"",
				language, l.parts[first].text, of, found)
		}
	}
	return nil
}

// foreign returns what of a literal text is an element of another language, and of which.
func foreign(text, language string) (found, of string) {
	if m := javaRun.FindStringSubmatch(text); m != nil && language != java {
		return m[1], java
	}
	if m := goRun.FindString(text); m != "" && language != goes {
		return m, goes
	}
	if m := quoted.FindString(text); m != "" && language != java {
		return m, java
	}
	return "", ""
}

// The languages.
const (
	strftime = "strftime's language"
	goes     = "Go's layouts"
	java     = "Java's patterns"
)

// SaysUTC reports whether the layout has a literal Z after a time of day, whatever the zone is.
func (l Layout) SaysUTC() bool {
	for i := 1; i < len(l.parts); i++ {
		p := l.parts[i]
		if before := l.parts[i-1].element; p.element == nil && strings.HasPrefix(p.text, "Z") && before != nil && slices.Contains([]field{hour, minute, second, fraction}, before.field) {
			return true
		}
	}
	return false
}

// TimeOfDay returns the part of the layout that a date does not have, or "".
func (l Layout) TimeOfDay() string {
	var found []string
	for _, p := range l.parts {
		if p.element == nil {
			continue
		}
		switch p.element.field {
		case hour, hour12, half, minute, second, fraction, zone, epoch:
			found = append(found, strings.TrimSpace(p.text))
		case year, month, day, weekday, yearDay, weekYear, week:
		}
	}
	if len(found) == 0 {
		return ""
	}
	return found[0]
}
