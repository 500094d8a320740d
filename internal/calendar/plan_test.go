package calendar_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/calendar"
	"ephemr/internal/pipeline"
)

const stamp = "01-02 15:04"

func at(text string) time.Time {
	t, err := time.Parse("2006 "+stamp, "2026 "+text)
	if err != nil {
		panic(err)
	}
	return t
}

// shown are the requested dates and the skipped spans of a plan.
func shown(p calendar.Plan) string {
	var all []string
	for _, s := range p.Skip {
		all = append(all, fmt.Sprintf("(%s..%s %s)", s.First.Format(stamp), s.Last.Format(stamp), s.Reason))
	}
	for _, t := range p.Make {
		all = append(all, t.Format(stamp))
	}
	return strings.Join(all, " ")
}

// What is made of the dates that are due, by the rules of catchup.
func TestPlan(t *testing.T) {
	t.Parallel()
	const hourly, minutely, daily = "0 * * * *", "* * * * *", "0 0 * * *"
	for name, tt := range map[string]struct {
		cron    string
		catchup pipeline.Catchup
		last    string
		now     string
		change  func(*calendar.Schedule)
		want    string
	}{
		"nothing is due":                             {hourly, "latest", "01-01 05:00", "01-01 05:59", nil, ""},
		"a date on time":                             {hourly, "none", "01-01 05:00", "01-01 06:00", nil, "01-01 06:00"},
		"a tick some minutes late":                   {hourly, "none", "01-01 05:00", "01-01 06:10", nil, "01-01 06:00"},
		"none: 40 minutes late":                      {hourly, "none", "01-01 05:00", "01-01 06:40", nil, "(01-01 06:00..01-01 06:00 catchup: none)"},
		"latest: 40 minutes late":                    {hourly, "latest", "01-01 05:00", "01-01 06:40", nil, "01-01 06:00"},
		"all: 40 minutes late":                       {hourly, "all", "01-01 05:00", "01-01 06:40", nil, "01-01 06:00"},
		"none: six hours lost":                       {hourly, "none", "01-01 05:00", "01-01 11:05", nil, "(01-01 06:00..01-01 10:00 catchup: none) 01-01 11:00"},
		"latest: six hours lost":                     {hourly, "latest", "01-01 05:00", "01-01 11:05", nil, "(01-01 06:00..01-01 10:00 catchup: latest) 01-01 11:00"},
		"latest: six hours lost and more":            {hourly, "latest", "01-01 05:00", "01-01 11:35", nil, "(01-01 06:00..01-01 10:00 catchup: latest) 01-01 11:00"},
		"all: six hours lost":                        {hourly, "all", "01-01 05:00", "01-01 11:05", nil, "01-01 06:00 01-01 07:00 01-01 08:00 01-01 09:00 01-01 10:00 01-01 11:00"},
		"latest: each minute, a tick of two minutes": {minutely, "latest", "01-01 05:00", "01-01 05:02", nil, "01-01 05:01 01-01 05:02"},
		"all: older than the window": {
			daily, "all", "01-01 00:00", "01-11 00:00", nil,
			"(01-02 00:00..01-03 00:00 older than catchupWindow 7d) 01-04 00:00 01-05 00:00 01-06 00:00 01-07 00:00 01-08 00:00 01-09 00:00 01-10 00:00 01-11 00:00",
		},
		"latest: the newest is older than the window": {"0 0 2 * *", "latest", "01-01 00:00", "01-11 00:00", nil, "(01-02 00:00..01-02 00:00 older than catchupWindow 7d)"},
		"latest: both reasons": {
			daily, "latest", "01-01 00:00", "01-11 01:00", nil,
			"(01-02 00:00..01-04 00:00 older than catchupWindow 7d) (01-05 00:00..01-10 00:00 catchup: latest) 01-11 00:00",
		},
		"all: bounded": {minutely, "all", "01-01 05:00", "01-01 12:00", nil, minutes("01-01 05:01", 20)},
		"owed": {
			hourly, "none", "01-01 05:00", "01-01 09:40", func(s *calendar.Schedule) { s.Owed = at("01-01 07:30") },
			"(01-01 08:00..01-01 09:00 catchup: none) 01-01 06:00 01-01 07:00",
		},
		"replaced": {hourly, "all", "01-01 05:00", "01-01 09:40", func(s *calendar.Schedule) { s.Until = at("01-01 07:00") }, "01-01 06:00 01-01 07:00"},
		"in a zone": {
			"30 2 * * *", "all", "03-28 12:00", "03-31 12:00", func(s *calendar.Schedule) { s.Zone = "Europe/Berlin" },
			"03-29 01:00 03-30 00:30 03-31 00:30",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := calendar.Schedule{Pipeline: "p", Sort: "SCHEDULE#00", Cron: tt.cron, Zone: "UTC", Catchup: tt.catchup, CatchupWindow: calendar.DefaultWindow, Last: at(tt.last)}
			if tt.change != nil {
				tt.change(&s)
			}
			p, err := s.Plan(at(tt.now), 20)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, shown(p)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func minutes(first string, n int) string {
	var all []string
	for i := range n {
		all = append(all, at(first).Add(time.Duration(i)*time.Minute).Format(stamp))
	}
	return strings.Join(all, " ")
}
