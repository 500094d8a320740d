package layout

import (
	"errors"
	"fmt"
	"time"
)

// directives are those of strftime that do not depend on a locale.
// Source: The Open Group Base Specifications, strftime; Python's datetime.
var directives = map[byte]*element{
	'Y': std(year, "2006"), 'y': std(year, "06"), 'm': std(month, "01"), 'b': std(month, "Jan"), 'h': std(month, "Jan"), 'B': std(month, "January"),
	'd': std(day, "02"), 'e': std(day, "_2"), 'j': std(yearDay, "002"), 'a': std(weekday, "Mon"), 'A': std(weekday, "Monday"),
	'u': number(weekday, "%d", isoWeekday), 'w': number(weekday, "%d", func(t time.Time) int { return int(t.Weekday()) }),
	'G': number(weekYear, "%04d", isoYear), 'V': number(week, "%02d", isoWeek),
	'H': std(hour, "15"), 'I': std(hour12, "03"), 'p': std(half, "PM"), 'M': std(minute, "04"), 'S': std(second, "05"),
	'f': std(fraction, ".000000"), 'z': std(zone, "-0700"), 'Z': std(zone, "MST"),
	's': {epoch, func(t time.Time) string { return fmt.Sprint(t.Unix()) }},
}

// combined are directives that stand for several.
var combined = map[byte]string{'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'R': "%H:%M"}

func parseStrftime(text string) (Layout, error) {
	var l Layout
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '%' {
			l.add(text[i:i+1], nil)
			continue
		}
		if i++; i == len(text) {
			return l, errors.New("ends with %; write %% for a percent sign")
		}
		c = text[i]
		switch e, known := directives[c]; {
		case c == '%':
			l.add("%", nil)
		case combined[c] != "":
			parts, err := parseStrftime(combined[c])
			if err != nil {
				return l, err
			}
			l.parts = append(l.parts, parts.parts...)
		case !known:
			return l, fmt.Errorf("%%%c is not supported; use one of %%Y %%m %%d %%H %%M %%S %%y %%b %%B %%j %%a %%A %%u %%G %%V %%F %%T %%z %%s", c)
		default:
			l.add("%"+string(c), e)
		}
	}
	return l, nil
}
