package layout_test

import (
	"strings"
	"testing"
	"time"

	"ephemr/internal/pipeline/layout"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 1, 2, 3, 4, 5, 678_900_000, time.UTC) // a Saturday of ISO week 2026-W53
	tests := map[string]string{
		"2006-01-02": "2027-01-02", "20060102": "20270102", "2006/01/02/15": "2027/01/02/03", "year=2006/month=01/day=02": "year=2027/month=01/day=02",
		"2006-01-02T15:04:05Z": "2027-01-02T03:04:05Z", "2006-01-02T15:04:05.000Z07:00": "2027-01-02T03:04:05.678Z",
		"20060102T150405Z": "20270102T030405Z", "Monday, 2 January 2006": "Saturday, 2 January 2027", "02.01.06": "02.01.27",
		"Jan 2": "Jan 2", "3:04 PM": "3:04 AM", "2006/2006-01": "2027/2027-01", "2006.002": "2027.002",
		"%Y/%m/%d": "2027/01/02", "%F": "2027-01-02", "%Y%m%dT%H%M%SZ": "20270102T030405Z", "%G-W%V": "2026-W53", "%G-W%V-%u": "2026-W53-6",
		"%j": "002", "%Y%%": "2027%", "%H:%M": "03:04", "%I %p": "03 AM", "dt=%F/hour=%H": "dt=2027-01-02/hour=03", "%s": "1798859045",
		"yyyy-MM-dd": "2027-01-02", "yyyyMMdd": "20270102", "yyyy/MM/dd/HH": "2027/01/02/03", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX": "2027-01-02T03:04:05.678Z",
		"YYYY-'W'ww": "2026-W53", "d MMM uuuu": "2 Jan 2027", "EEEE": "Saturday", "''yy": "'27", "yyyy-DDD": "2027-002", "h:mm a": "3:04 AM",
		"'year'=yyyy": "year=2027",
		"date":        "2027-01-02", "basicDate": "20270102", "slashDate": "2027/01/02", "dateTime": "2027-01-02 03:04:05", "basicDateTime": "20270102T030405Z", "rfc3339": "2027-01-02T03:04:05Z",
		"time": "03:04:05", "hour": "03", "year": "2027", "month": "2027-01", "isoWeek": "2026-W53", "dayOfYear": "2027-002",
		"%Y-%m-01": "2027-01-01", "part-01/%F": "part-01/2027-01-02", "'2006-01-02'": "'2027-01-02'", "summary/%Y": "summary/2027",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			l, err := layout.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := l.Format(at); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                  "contains no part of a date",
		"-":                 "contains no part of a date",
		"day":               "y is not a year with four digits",
		"none":              "contains no part",
		"%%":                "contains no part of a date",
		"YYYY-MM-DD":        "DD is the day of the year",
		"YYYY-MM-dd":        "YYYY is the week-based year, but there is no week",
		"yyyy-mm-dd":        "mm is minutes, but there is no hour",
		"yyyy-dd-MM":        "dd (the day) stands before MM",
		"yyyy-MM-ddTHH":     "put quotes around literal letters: 'T'",
		"yyyy-MM-dd hh:mm":  "hour of 12 without AM or PM",
		"yyyy-Www":          "'W'",
		"yyyy-'W'ww":        "belongs to the week-based year",
		"yyyy-MM-dd'T":      "not closed",
		"year=yyyy":         "y is not a year with four digits",
		"%Y-%M-%d":          "%M is minutes, but there is no hour",
		"%Y-%m-%D":          "%D is not supported",
		"%Y-%":              "ends with %",
		"%Y-W%V":            "belongs to the week-based year",
		"%G-%m-%d":          "the week-based year, but there is no week",
		"%d%H%S":            "%S is seconds, but there are no minutes",
		"2006-W02":          "letters directly beside an element",
		"v1/2006-01-02":     "letters directly beside an element",
		"part-1/2006-01-02": "1 and 01 are both the month",
		"2006-02-01":        "02 (the day) stands before 01 (the month)",
		"2006-04-02":        "04 is minutes, but there is no hour",
		"2006-01-02 03:04":  "hour of 12 without AM or PM",
		"2026-03-09":        "is not part of a layout of Go's",
		"1999-12-31":        "is not part of a layout of Go's",
		"Monthly/2006":      "letters directly beside an element",
		"2007-01-02":        "is not part of a layout of Go's",
		"%Y-MM-dd":          "mixes strftime's language (%Y) with Java's patterns (MM)",
		"yyyy-%m-%d":        "mixes strftime's language (%m) with Java's patterns (yyyy)",
		"yyyyMM%d":          "mixes strftime's language (%d) with Java's patterns (yyyyMM)",
		"2006-%m-%d":        "mixes strftime's language (%m) with Go's layouts (2006)",
		"%Y-01-02":          "mixes strftime's language (%Y) with Go's layouts (01-02)",
		"%F 15:04":          "mixes strftime's language (%Y) with Go's layouts (15:04)",
		"2006-MM-dd":        "mixes Go's layouts (2006) with Java's patterns (MM)",
		"yyyy-MM-01":        "mixes Go's layouts (01) with Java's patterns (yyyy)",
		"yyyy/01/02":        "mixes Go's layouts (01) with Java's patterns (yyyy)",
		"yyyy_MM_01":        "mixes Go's layouts (01) with Java's patterns (yyyy)",
		"dd Jan yyyy":       "mixes Go's layouts (Jan) with Java's patterns (dd)",
		"2006-01-02'T'15":   "mixes Go's layouts (2006) with Java's patterns ('T')",
		"%F'T'%T":           "with Java's patterns ('T')",
		"basic-date":        "did you mean basicDate?",
		"ISOWEEK":           "did you mean isoWeek?",
		"RFC3339":           "did you mean rfc3339?",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			_, err := layout.Parse(text)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}
