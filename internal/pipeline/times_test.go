package pipeline_test

import (
	"strings"
	"testing"
	"time"

	"ephemr/internal/pipeline"
)

// inLisbon are the values of a run on the date on which the clocks of Lisbon go forward.
func inLisbon() pipeline.Context {
	c := context
	c.LogicalDate, c.LogicalTime, c.Timezone = "2026-03-29", "2026-03-29T05:00:00Z", "Europe/Lisbon"
	c.Interval = pipeline.Interval{Start: time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC), End: time.Date(2026, 3, 29, 11, 0, 0, 0, time.UTC)}
	c.Params = map[string]string{"n": "3", "month": "2024-02-29", "zoned": "2026-10-24T12:00:00+01:00", "text": "x", "day": "2026-12-31", "zone": "Mars/Olympus"}
	c.Vars = map[string]string{"storesSecret": "stores/password"}
	return c
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{
		`{{.Interval.Start}} {{.Interval.End}}`:                                                                                                         "2026-03-28T12:00:00Z 2026-03-29T11:00:00Z",
		`{{.Interval.LocalStart}} {{.Interval.LocalEnd}} {{.Timezone}}`:                                                                                 "2026-03-28T12:00:00Z 2026-03-29T12:00:00+01:00 Europe/Lisbon",
		`{{.LogicalTime | format "yyyy/MM/dd"}} {{format "%F" .LogicalDate}}`:                                                                           "2026/03/29 2026-03-29",
		`{{.Interval.End | format "basicDate"}}`:                                                                                                        "20260329",
		`{{.LogicalTime | inZone "America/New_York" | format "%F %H:%M"}}`:                                                                              "2026-03-29 01:00",
		`{{.LogicalTime | inZone .Timezone | format "rfc3339"}}`:                                                                                        "2026-03-29T06:00:00+01:00",
		`{{.LogicalTime | inZone .Timezone | startOf "day"}}`:                                                                                           "2026-03-29T00:00:00Z",
		`{{.LogicalTime | inZone .Timezone | endOf "day"}}`:                                                                                             "2026-03-29T23:59:59+01:00",
		`{{.Interval.LocalStart | addDays 1}}`:                                                                                                          "2026-03-29T12:00:00+01:00",
		`{{.Interval.LocalStart | addHours 24}}`:                                                                                                        "2026-03-29T13:00:00+01:00",
		`{{.LogicalTime | inZone "Africa/Cairo" | addDays 26 | startOf "day"}}`:                                                                         "2026-04-24T01:00:00+03:00",
		`{{.LogicalTime | addMinutes -90}}`:                                                                                                             "2026-03-29T03:30:00Z",
		`{{.LogicalDate | addWeeks -1}} {{.LogicalDate | addMonths -1}}`:                                                                                "2026-03-22 2026-02-28",
		`{{addMonths 1 "2026-01-31"}} {{addMonths -12 .Params.month}} {{addYears 4 .Params.month}} {{addYears 1 .Params.month}}`:                        "2026-02-28 2023-02-28 2028-02-29 2025-02-28",
		`{{addMonths 13 "2026-12-31"}} {{addMonths -1 "2026-01-15"}}`:                                                                                   "2028-01-31 2025-12-15",
		`{{.Params.zoned | addDays 1}}`:                                                                                                                 "2026-10-25T12:00:00+01:00",
		`{{.LogicalDate | startOf "month"}} {{.LogicalDate | endOf "month"}}`:                                                                           "2026-03-01 2026-03-31",
		`{{.LogicalDate | startOf "week"}} {{.LogicalDate | endOf "isoWeek"}}`:                                                                          "2026-03-23 2026-03-29",
		`{{.LogicalDate | startOf "quarter"}} {{.LogicalDate | endOf "year"}}`:                                                                          "2026-01-01 2026-12-31",
		`{{.LogicalTime | addMinutes 31 | startOf "hour"}} {{endOf "hour" .LogicalTime}}`:                                                               "2026-03-29T05:00:00Z 2026-03-29T05:59:59Z",
		`{{isoWeek .Params.day}} {{isoYear "2027-01-02"}} {{"2027-01-02" | format "isoWeek"}}`:                                                          "53 2026 2026-W53",
		`{{unix .LogicalTime}} {{.LogicalTime | unix | mul 1000}}`:                                                                                      "1774760400 1774760400000",
		`{{add 1 (int .Params.n)}} {{sub 1 (int .Params.n)}} {{int .Params.n | mul 2 | add -1}}`:                                                        "4 -2 5",
		`{{addDays (sub 0 (int .Params.n)) .LogicalDate}}`:                                                                                              "2026-03-26",
		`{{if lt .Interval.Start .LogicalTime}}before{{end}} {{ge .Interval.LocalEnd .Interval.End}}`:                                                   "before true",
		`{{eq (format "%u" .LogicalDate) "7"}} {{if ne (isoWeek .LogicalDate) 1}}x{{end}} {{eq .Stage "a" "local"}}`:                                    "true x true",
		`{{printf "%s to %v" .Interval.Start .Interval.LocalEnd}}`:                                                                                      "2026-03-28T12:00:00Z to 2026-03-29T12:00:00+01:00",
		`{{.Interval.Start | replace ":" "" | upper}} {{base .Interval.End}}`:                                                                           "2026-03-28T120000Z 2026-03-29T11:00:00Z",
		`{{eq .Interval.Start .Interval.LocalStart}} {{eq .Interval.LocalEnd "2026-03-29T11:00:00Z"}} {{eq .LogicalDate (format "date" .LogicalTime)}}`: "true true true",
		`{{.Interval.Start | format "%Y%m%dT%H%M%SZ"}} {{.Interval.LocalEnd | format "basicDateTime"}}`:                                                 "20260328T120000Z 20260329T120000+0100",
		`{{.LogicalTime | format "date" | addDays 1}} {{.LogicalTime | format "%y%m%d" | int | add 1}} {{int (format "HH" .LogicalTime)}}`:              "2026-03-30 260330 5",
		`{{len (format "date" .LogicalTime | printf "%s")}} {{and .LogicalDate (eq 1 1)}}`:                                                              "10 true",
		`{{$d := .LogicalDate}}{{if eq .Stage "local"}}{{$d = .LogicalTime}}{{end}}{{$d | addHours 1}}`:                                                 "2026-03-29T06:00:00Z",
		`{{with .LogicalDate}}{{with $.LogicalTime}}{{addHours 1 .}}{{end}} {{addDays 1 .}}{{end}}`:                                                     "2026-03-29T06:00:00Z 2026-03-30",
		`{{with .Interval.LocalEnd}}{{.}}{{end}} {{.LogicalDate | addDays 1 | default "x"}}`:                                                            "2026-03-29T12:00:00+01:00 2026-03-30",
		`{{.Vars.storesSecret}} {{index .Vars "storesSecret"}} {{index .Vars "other" | default "-"}}`:                                                   "stores/password stores/password -",
	} {
		s := typed(arg)
		s.Params = map[string]pipeline.Param{"n": {}, "month": {}, "zoned": {}, "text": {}, "day": {}}
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", arg, err)
		}
		j, err := s.RenderJob("b", inLisbon())
		if err != nil || j.Args[0] != want {
			t.Errorf("%s: %q, %v, want %q", arg, j.Args, err, want)
		}
	}
}

// TestWrongTimes: what is wrong in every run is an error of the file, at its place.
func TestWrongTimes(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{ //nolint:gosec // no credentials
		`{{format .LogicalTime "yyyy"}}`:                       "format takes the layout first, and .LogicalTime is a time; the value comes last",
		`{{"yyyy" | format .Interval.Start}}`:                  "format takes the layout first, and .Interval.Start is a time",
		`{{format "2026-11-30" "yyyy"}}`:                       `format takes the layout first, and "2026-11-30" is a date or time`,
		`{{.LogicalDate | format "yyyy-MM-dd HH"}}`:            "format: .LogicalDate is a date, and HH in the layout \"yyyy-MM-dd HH\" is of a time of day; use .LogicalTime",
		`{{.LogicalDate | addDays 1 | format "dateTime"}}`:     "is a date, and 15 in the layout \"dateTime\" is of a time of day",
		`{{format "%H" "2026-11-30"}}`:                         "is of a time of day",
		`{{.LogicalTime | format "%Y-MM-dd"}}`:                 "mixes strftime's language (%Y) with Java's patterns (MM)",
		`{{.LogicalTime | format "Date"}}`:                     "did you mean date?",
		`{{.LogicalTime | format "iso"}}`:                      "or a name: basicDate, ",
		`{{.LogicalTime | format}}`:                            "format takes 2 arguments, got 1",
		`{{format .Params.n .LogicalTime}}`:                    `layout "3"`,
		`{{.LogicalDate | addHours 1}}`:                        "addHours takes a time, and .LogicalDate is a date without a time of day; use .LogicalTime",
		`{{.LogicalDate | inZone "Europe/Lisbon"}}`:            "inZone takes a time, and .LogicalDate is a date",
		`{{unix .LogicalDate}}`:                                "unix takes a time, and .LogicalDate is a date",
		`{{.LogicalTime | inZone "Europe/Lisboa"}}`:            `inZone: unknown time zone "Europe/Lisboa"`,
		`{{inZone .LogicalTime "Europe/Lisbon"}}`:              "inZone takes the zone first, and .LogicalTime is a time",
		`{{.LogicalTime | inZone ""}}`:                         `unknown time zone ""`,
		`{{addHours .LogicalTime 1}}`:                          "addHours takes a number, and .LogicalTime is text",
		`{{.LogicalDate | addMonths "1"}}`:                     "addMonths takes a number first, not the text",
		`{{.LogicalDate | addWeeks 0.5}}`:                      "addWeeks takes a whole number, not 0.5",
		`{{addDays 1 5}}`:                                      "addDays takes a date or time, and 5 is a number",
		`{{addDays 1 .Params.country}}`:                        `addDays: invalid date or time "pt"`,
		`{{startOf .LogicalDate "month"}}`:                     "startOf takes the unit first, and .LogicalDate is a date",
		`{{.LogicalDate | startOf "months"}}`:                  `startOf: unknown unit "months"; did you mean month?`,
		`{{.LogicalDate | endOf "hour"}}`:                      "endOf: a date has no hours",
		`{{isoWeek 5}}`:                                        "isoWeek takes a date or time",
		`{{lt (isoWeek .LogicalDate) "10"}}`:                   `lt compares "10" (text) with (isoWeek .LogicalDate) (a number); write 10`,
		`{{if lt "9" "10"}}x{{end}}`:                           `lt compares "9" as text`,
		`{{add 1 .Params.n}}`:                                  "add takes a number, and .Params.n is text; write (int .Params.n)",
		`{{int .Params.n | sub 1}}`:                            "sub in a pipe would subtract the value from its argument; write {{sub value 1}}",
		`{{mul 1.5 2}}`:                                        "mul takes a whole number, not 1.5",
		`{{.Interval}}`:                                        ".Interval is a table; name an entry",
		`{{.Interval.Begin}}`:                                  "no .Interval.Begin; use one of Start, End, LocalStart, LocalEnd",
		`{{.Interval.Start.Year}}`:                             ".Interval.Start is a string; remove .Year",
		`{{.Vars.storeSecret}}`:                                "no .Vars.storeSecret; did you mean storesSecret?",
		`{{index .Vars "x"}}`:                                  "no .Vars.x",
		`{{now}}`:                                              "a repeated run must see the same values: write .LogicalTime",
		`{{ ds }}`:                                             "write .LogicalDate",
		`{{ data_interval_start }}`:                            "write .Interval.Start",
		`{{LogicalDate}}`:                                      "fields begin with a dot: write .LogicalDate",
		`{{strftime "%Y" .LogicalDate}}`:                       "write format",
		`{{.Interval.LocalStart | format "20060102T150405Z"}}`: `format: Z in the layout "20060102T150405Z" means UTC, and .Interval.LocalStart has another zone`,
		`{{.LogicalTime | inZone "Asia/Tokyo" | addHours 1 | format "%H%MZ"}}`: "means UTC",
		`{{eq .LogicalDate "2026-1-1"}}`:                                       `eq: invalid date or time "2026-1-1"`,
		`{{lt .LogicalTime "2026-11-30 03:00"}}`:                               `lt: invalid date or time "2026-11-30 03:00"`,
		`{{eq .LogicalTime "2026-11-30"}}`:                                     `eq compares "2026-11-30", a date, with .LogicalTime, a time, which are never equal`,
		`{{ne .LogicalDate .Interval.Start}}`:                                  "which are never equal",
		`{{.Stage | format "date"}}`:                                           "format takes a date or time, which .Stage is not",
		`{{.RunID | addDays 1}}`:                                               "addDays takes a date or time, which .RunID is not",
		`{{startOf "day" .Lake.raw}}`:                                          "which .Lake.raw is not",
		`{{format "date" .Timezone}}`:                                          "which .Timezone is not",
		`{{.LogicalTime | format "%F %H:%M" | inZone "UTC"}}`:                  `inZone takes a date or time, which (format "%F %H:%M") is not; format comes last, as in`,
		`{{.LogicalTime | format "date" | addHours 1}}`:                        "is a date without a time of day",
		`{{add .LogicalDate 1}}`:                                               "add computes with numbers, and .LogicalDate is a date; write addDays",
		`{{int .LogicalTime}}`:                                                 "int: .LogicalTime is a time, not a whole number",
		`{{len .Interval.LocalStart}}`:                                         "len takes text, and .Interval.LocalStart is a time",
		`{{printf "%s" .Interval}}`:                                            ".Interval is a table; name an entry",
		`{{eq .Params "x"}}`:                                                   ".Params is a table; name an entry",
		`{{eq (len .Stage) 1.5}}`:                                              "eq compares whole numbers, not 1.5",
		`{{gt (len .Stage) 2.0}}`:                                              "gt compares whole numbers, not 2.0",
		`{{$d := .LogicalDate}}{{$d | addHours 1}}`:                            "addHours takes a time, and $d is a date",
		`{{with .LogicalDate}}{{. | format "HH"}}{{end}}`:                      "format: . is a date, and HH",
		`{{with $x := .Params.n}}{{add 1 $x}}{{end}}`:                          "add takes a number, and $x is text; write (int $x)",
		`{{.LogicalDate | lt "2026-01-01"}}`:                                   "lt in a pipe would compare its argument with the value",
		`{{.Trigger.Object | format "date"}}`:                                  "which .Trigger.Object is not",
		`{{.LogicalDate | format "%!"}}`:                                       "%! is not supported",
		`{{printf "%d" .Interval.Start}}`:                                      "verbs and values do not agree",
		`{{printf "%d%%!" .LogicalDate}}`:                                      "verbs and values do not agree",
	} {
		err := typed(arg).Validate(pipeline.WithVars("storesSecret"))
		if err == nil || !strings.Contains(err.Error(), "jobs[1].args[0]: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n%v\nwant jobs[1].args[0]: … %s", arg, err, want)
		}
	}
	if err := typed("{{.Vars.any}}").Validate(pipeline.WithVars()); err == nil || !strings.Contains(err.Error(), "no .Vars.any; the stage has no vars") {
		t.Errorf("a stage without vars: %v", err)
	}
	if err := typed("{{.Vars.any}}").Validate(); err != nil {
		t.Errorf("an unknown stage: %v", err)
	}
}

// TestWrongTimesAtRunTime: the same of values that only a run has.
func TestWrongTimesAtRunTime(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]string{
		`{{.Params.day | addHours 1}}`:           "2026-12-31 is a date without a time of day",
		`{{.Params.day | format "HH"}}`:          "2026-12-31 is a date, and HH in the layout",
		`{{.Params.text | startOf "day"}}`:       `invalid date or time "x"`,
		`{{.Params.day | startOf .Params.text}}`: `startOf: unknown unit "x"`,
		`{{.LogicalTime | inZone .Params.zone}}`: `unknown time zone "Mars/Olympus"`,
		`{{addYears 99999 .LogicalDate}}`:        "the year 102025 is out of range",
		`{{addDays 100001 .LogicalDate}}`:        "out of range; use up to 100000",
		`{{add 1 2000000000000000}}`:             "a number is out of range; use up to 10^15",
		`{{upper 5}}`:                            "5 is not text",
		`{{eq .Params.n 3}}`:                     "of another type",
		`{{ne .Params.n 3}}`:                     "of another type",
		`{{.Vars.other}}`:                        "the stage has no variable other; add it to vars in the stage's file",
	} {
		_, err := one(arg).RenderJob("a", inLisbon())
		if err == nil || !strings.Contains(err.Error(), "render jobs[a].args[0]: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", arg, err, want)
		}
	}
}

// TestTimezones: the pipeline's zone is that of its schedules.
func TestTimezones(t *testing.T) {
	t.Parallel()
	const tail = "cluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]\n"
	s, err := pipeline.Parse("demo.yaml", []byte("pipeline: demo\ntimezone: Europe/Lisbon\ntriggers: [{schedule: 0 5 * * *}, {schedule: 0 5 * * *, timezone: UTC}, {s3: {bucket: raw}}]\n"+tail))
	if err != nil || s.Triggers[0].Timezone != "Europe/Lisbon" || s.Triggers[1].Timezone != "UTC" || s.Triggers[2].Timezone != "" {
		t.Errorf("%+v, %v", s.Triggers, err)
	}
	for file, want := range map[string]string{
		"timezone: Lisbon\n":          `demo.yaml:2:11: timezone: unknown time zone "Lisbon"`,
		"timezone: Local\n":           "unknown time zone",
		"timezone: '{{.Params.x}}'\n": "unknown time zone",
		"timezone: +01:00\n":          "unknown time zone",
		"triggers: [{schedule: 0 5 * * *, timezone: right/UTC}]\n":                                                     "demo.yaml:2:44: triggers[0].timezone: unknown time zone",
		"timezone: Europe/Lisbon\ntriggers: [{schedule: 0 5 * * *}, {schedule: 0 5 * * *, timezone: Europe/Lisbon}]\n": "duplicate trigger",
		"triggers: [{schedule: 0 5 * * *}, {schedule: 0 5 * * *, timezone: UTC}]\n":                                    "duplicate trigger",
	} {
		if _, err := pipeline.Parse("demo.yaml", []byte("pipeline: demo\n"+file+tail)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}
