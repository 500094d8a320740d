package layout

import (
	"fmt"
	"strings"
)

// goElements are the elements of Go's layouts.
// Source: Go's documentation of package time, "Constants".
var goElements = map[string]*element{
	"2006": std(year, "2006"), "06": std(year, "06"),
	"01": std(month, "01"), "1": std(month, "1"), "Jan": std(month, "Jan"), "January": std(month, "January"),
	"02": std(day, "02"), "2": std(day, "2"), "_2": std(day, "_2"),
	"002": std(yearDay, "002"), "__2": std(yearDay, "__2"),
	"Mon": std(weekday, "Mon"), "Monday": std(weekday, "Monday"),
	"15": std(hour, "15"), "03": std(hour12, "03"), "3": std(hour12, "3"),
	"04": std(minute, "04"), "4": std(minute, "4"), "05": std(second, "05"), "5": std(second, "5"),
	"PM": std(half, "PM"), "pm": std(half, "pm"),
	"MST": std(zone, "MST"), "-0700": std(zone, "-0700"), "-07:00": std(zone, "-07:00"), "-07": std(zone, "-07"),
	"Z0700": std(zone, "Z0700"), "Z07:00": std(zone, "Z07:00"), "Z07": std(zone, "Z07"),
}

var goNames = keys(goElements)

// isGo reports whether a layout is one of Go's: those of Java have no digits.
func isGo(text string) bool {
	if strings.ContainsAny(text, "0123456789") {
		return true
	}
	for _, name := range []string{"Jan", "Mon"} {
		if strings.Contains(text, name) {
			return true
		}
	}
	return false
}

func parseGo(text string) (Layout, error) {
	var l Layout
	for i := 0; i < len(text); {
		name := longest(text[i:], goNames)
		if f := fractionOf(text[i:]); f != "" && i > 0 && isDigit(text[i-1]) {
			l.add(f, std(fraction, f))
			i += len(f)
			continue
		}
		if name == "" {
			if isDigit(text[i]) {
				return l, fmt.Errorf("the digit %c is not part of a layout of Go's, which shows how 2006-01-02 15:04:05 is written; if this is a value, it comes last", text[i])
			}
			l.add(text[i:i+1], nil)
			i++
			continue
		}
		l.add(name, goElements[name])
		i += len(name)
	}
	return l, l.loneLetters()
}

// fractionOf returns the fraction of a second that text begins with, like .000.
func fractionOf(text string) string {
	if text[0] != '.' && text[0] != ',' {
		return ""
	}
	for _, digit := range []string{"0", "9"} {
		n := len(text[1:]) - len(strings.TrimLeft(text[1:], digit))
		if n > 0 && (len(text) == n+1 || !isDigit(text[n+1])) {
			return text[:n+1]
		}
	}
	return ""
}

// loneLetters rejects letters beside an element, as in 2006-W02 or v1: they are
// no part of a layout of Go's, but are taken for one. T and Z of ISO 8601 stay.
func (l Layout) loneLetters() error {
	for i, p := range l.parts {
		if p.element != nil || p.text == "T" || p.text == "Z" && i == len(l.parts)-1 {
			continue
		}
		if i > 0 && isLetter(p.text[0]) {
			return beside(l.parts[i-1].text + p.text)
		}
		if i+1 < len(l.parts) && isLetter(p.text[len(p.text)-1]) {
			return beside(p.text + l.parts[i+1].text)
		}
	}
	return nil
}

func beside(text string) error {
	return fmt.Errorf("letters directly beside an element in %q; separate them, or use strftime's language (ISO week: %%G-W%%V)", text)
}
