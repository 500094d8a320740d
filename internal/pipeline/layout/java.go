package layout

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// javaElements are the pattern letters of Java's DateTimeFormatter.
// Weeks are those of ISO 8601.
var javaElements = map[string]*element{
	"yyyy": std(year, "2006"), "uuuu": std(year, "2006"), "yy": std(year, "06"), "uu": std(year, "06"),
	"MM": std(month, "01"), "M": std(month, "1"), "MMM": std(month, "Jan"), "MMMM": std(month, "January"),
	"dd": std(day, "02"), "d": std(day, "2"), "DDD": std(yearDay, "002"),
	"E": std(weekday, "Mon"), "EE": std(weekday, "Mon"), "EEE": std(weekday, "Mon"), "EEEE": std(weekday, "Monday"),
	"YYYY": number(weekYear, "%04d", isoYear), "ww": number(week, "%02d", isoWeek), "w": number(week, "%d", isoWeek),
	"e":  number(weekday, "%d", isoWeekday),
	"HH": std(hour, "15"), "hh": std(hour12, "03"), "h": std(hour12, "3"), "a": std(half, "PM"),
	"mm": std(minute, "04"), "ss": std(second, "05"), "SSS": std(fraction, ".000"), "SSSSSS": std(fraction, ".000000"),
	"X": std(zone, "Z07"), "XX": std(zone, "Z0700"), "XXX": std(zone, "Z07:00"), "Z": std(zone, "-0700"), "z": std(zone, "MST"),
}

// javaAdvice is about letters that are often taken for others.
var javaAdvice = map[string]string{
	"DD":  "the day of the year; the day of the month is dd",
	"D":   "the day of the year; the day of the month is d",
	"yyy": "not a year with four digits; write yyyy", "y": "not a year with four digits; write yyyy",
	"YY": "the week-based year; the year is yy",
}

// word matches what may be meant as the name of a layout.
var word = regexp.MustCompile(`^[A-Za-z]+$`)

func parseJava(text string) (Layout, error) {
	var l Layout
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\'':
			end := strings.IndexByte(text[i+1:], '\'')
			if end < 0 {
				return l, errors.New("a quote ' is not closed")
			}
			quoted := text[i+1 : i+1+end]
			if end == 0 {
				quoted = "'"
			}
			l.add(quoted, nil)
			i += end + 2
		case !isLetter(c):
			l.add(text[i:i+1], nil)
			i++
		default:
			run := len(text[i:]) - len(strings.TrimLeft(text[i:], string(c)))
			if err := l.javaLetters(text, text[i:i+run]); err != nil {
				return l, err
			}
			i += run
		}
	}
	return l, nil
}

func (l *Layout) javaLetters(text, letters string) error {
	e, known := javaElements[letters]
	advice := javaAdvice[letters]
	switch {
	case known && e.field == fraction && len(l.parts) > 0:
		return l.javaFraction(letters, e)
	case known:
		l.add(letters, e)
		return nil
	case advice != "":
		return fmt.Errorf("%s is %s", letters, advice)
	case letters == "T" || letters == "W":
		return fmt.Errorf("put quotes around literal letters: '%s'", letters)
	}
	if !strings.ContainsAny(text, "yYMdHDuwESmhs") || word.MatchString(text) {
		return errConstant
	}
	return fmt.Errorf("%s is not a letter of Java's patterns; put quotes around literal text: '%[1]s'", letters)
}

// javaFraction takes the point before the digits, as package time formats both.
func (l *Layout) javaFraction(letters string, e *element) error {
	last := &l.parts[len(l.parts)-1]
	if last.element != nil || !strings.HasSuffix(last.text, ".") {
		return fmt.Errorf("%s must follow a point", letters)
	}
	if last.text = strings.TrimSuffix(last.text, "."); last.text == "" {
		l.parts = l.parts[:len(l.parts)-1]
	}
	l.add("."+letters, e)
	return nil
}
