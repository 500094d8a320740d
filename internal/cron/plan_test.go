package cron_test

import (
	"slices"
	"testing"
	"time"

	"ephemr/internal/cron"
)

func parse(t *testing.T, text string) cron.Schedule {
	t.Helper()
	s, err := cron.Parse(text)
	if err != nil {
		t.Fatal(text, err)
	}
	return s
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// planned returns the planned times of some dates, as the clocks of the zone show them, with their offset.
func planned(t *testing.T, text, zoneName, from, to string) (all []string) {
	t.Helper()
	loc := zone(t, zoneName)
	after, _ := time.ParseInLocation("2006-01-02", from, loc)
	until, _ := time.ParseInLocation("2006-01-02", to, loc)
	for at := range parse(t, text).Between(after.Add(-1), until.Add(-1), loc) {
		if at.Location() != loc {
			t.Errorf("%s: %v is not in the zone", text, at)
		}
		all = append(all, at.Format("01-02 15:04 -0700"))
	}
	return all
}

func TestPlanned(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text, zone, from, to string
		want                 []string
	}{
		"skipped time of day":                {"30 2 * * *", "America/New_York", "2026-03-07", "2026-03-10", []string{"03-07 02:30 -0500", "03-08 03:00 -0400", "03-09 02:30 -0400"}},
		"repeated time of day":               {"30 1 * * *", "America/New_York", "2026-11-01", "2026-11-03", []string{"11-01 01:30 -0400", "11-02 01:30 -0500"}},
		"list across a gap":                  {"0,30 1-3 * * *", "Europe/Lisbon", "2026-03-29", "2026-03-30", []string{"03-29 02:00 +0100", "03-29 02:30 +0100", "03-29 03:00 +0100", "03-29 03:30 +0100"}},
		"elapsed hours across a gap":         {"30 */2 * * *", "Europe/Berlin", "2026-03-29", "2026-03-30", []string{"03-29 00:30 +0100", "03-29 04:30 +0200", "03-29 06:30 +0200", "03-29 08:30 +0200", "03-29 10:30 +0200", "03-29 12:30 +0200", "03-29 14:30 +0200", "03-29 16:30 +0200", "03-29 18:30 +0200", "03-29 20:30 +0200", "03-29 22:30 +0200"}},
		"elapsed minutes of a repeated hour": {"*/30 1 * * *", "America/New_York", "2026-11-01", "2026-11-02", []string{"11-01 01:00 -0400", "11-01 01:30 -0400", "11-01 01:00 -0500", "11-01 01:30 -0500"}},
		"elapsed minutes of a skipped hour":  {"*/15 2 * * *", "America/New_York", "2026-03-08", "2026-03-09", []string{"03-08 03:00 -0400"}},
		"no midnight":                        {"0 0 * * *", "America/Sao_Paulo", "2018-11-03", "2018-11-06", []string{"11-03 00:00 -0300", "11-04 01:00 -0200", "11-05 00:00 -0200"}},
		"no midnight in Cairo":               {"0 0 * * 5", "Africa/Cairo", "2026-04-24", "2026-04-25", []string{"04-24 01:00 +0300"}},
		"no midnight in Beirut":              {"5 0 29 3 *", "Asia/Beirut", "2026-03-29", "2026-03-30", []string{"03-29 01:00 +0300"}},
		"two midnights":                      {"0 0 * * *", "America/Havana", "2026-11-01", "2026-11-03", []string{"11-01 00:00 -0400", "11-02 00:00 -0500"}},
		"half an hour":                       {"45 1,2 * * *", "Australia/Lord_Howe", "2026-04-05", "2026-04-06", []string{"04-05 01:45 +1100", "04-05 02:45 +1030"}},
		"half an hour forward":               {"15 2 * * *", "Australia/Lord_Howe", "2026-10-04", "2026-10-05", []string{"10-04 02:30 +1100"}},
		"quarters":                           {"0 5 * * *", "Asia/Kathmandu", "2026-01-01", "2026-01-02", []string{"01-01 05:00 +0545"}},
		"Ramadan in Morocco":                 {"30 2 * * *", "Africa/Casablanca", "2026-02-15", "2026-02-16", []string{"02-15 02:30 +0100"}},
		"end of Ramadan in Morocco":          {"30 2 * * *", "Africa/Casablanca", "2026-03-22", "2026-03-23", []string{"03-22 03:00 +0100"}},
		"skipped date":                       {"0 5 * * *", "Pacific/Apia", "2011-12-29", "2012-01-01", []string{"12-29 05:00 -1000", "12-31 05:00 +1400"}},
		"end of a date skipped":              {"30 23 * * *", "America/Nuuk", "2026-03-27", "2026-03-30", []string{"03-27 23:30 -0200", "03-29 00:00 -0100", "03-29 23:30 -0100"}},
		"last day":                           {"0 5 L * *", "UTC", "2028-01-01", "2028-04-01", []string{"01-31 05:00 +0000", "02-29 05:00 +0000", "03-31 05:00 +0000"}},
		"nearest weekday":                    {"0 5 1W * *", "UTC", "2026-08-01", "2026-09-02", []string{"08-03 05:00 +0000", "09-01 05:00 +0000"}},
		"nearest weekday at the end":         {"0 5 31W * *", "UTC", "2026-05-01", "2026-07-31", []string{"05-29 05:00 +0000"}},
		"first Monday":                       {"0 5 * * MON#1", "UTC", "2026-01-01", "2026-03-01", []string{"01-05 05:00 +0000", "02-02 05:00 +0000"}},
		"last Sunday":                        {"0 5 * * 7L", "UTC", "2026-01-01", "2026-03-01", []string{"01-25 05:00 +0000", "02-22 05:00 +0000"}},
		"weekend":                            {"0 5 * * 6-7", "UTC", "2026-01-01", "2026-01-08", []string{"01-03 05:00 +0000", "01-04 05:00 +0000"}},
		"leap day":                           {"0 5 29 2 *", "UTC", "2096-01-01", "2106-01-01", []string{"02-29 05:00 +0000", "02-29 05:00 +0000"}},
	} {
		if got := planned(t, tt.text, tt.zone, tt.from, tt.to); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %s %s: %q, want %q", name, tt.text, tt.zone, got, tt.want)
		}
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, zone, at, want string }{
		"shown":                    {"30 23 * * *", "Europe/Lisbon", "2026-07-01T22:30:00Z", "2026-07-01"},
		"its end was skipped":      {"30 23 * * *", "America/Nuuk", "2026-03-29T01:00:00Z", "2026-03-28"},
		"it begins where one ends": {"0 0,23 * * *", "America/Nuuk", "2026-03-29T01:00:00Z", "2026-03-29"},
		"its start was skipped":    {"0 0 * * *", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04"},
		"elapsed":                  {"*/15 23 * * *", "America/Nuuk", "2026-03-29T01:00:00Z", "2026-03-28"},
	} {
		at, _ := time.Parse(time.RFC3339, tt.at)
		if got := parse(t, tt.text).Date(at, zone(t, tt.zone)).Format("2006-01-02"); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestInterval(t *testing.T) {
	t.Parallel()
	loc := zone(t, "Europe/Lisbon")
	start, end := parse(t, "0 1 * * *").Interval(time.Date(2026, 3, 28, 1, 0, 0, 0, time.UTC), loc)
	if got := start.Format(time.RFC3339) + " " + end.Format(time.RFC3339); got != "2026-03-28T01:00:00Z 2026-03-29T02:00:00+01:00" {
		t.Error(got)
	}
}

func TestLastDayOfLeapYearAfterTheTables(t *testing.T) {
	t.Parallel()
	got := planned(t, "0 */12 * * *", "America/New_York", "2040-12-31", "2041-01-02")
	want := []string{"12-31 00:00 -0500", "12-31 12:00 -0500", "01-01 00:00 -0500", "01-01 12:00 -0500"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	got = planned(t, "0 5 * * *", "Europe/Lisbon", "2044-12-30", "2045-01-02")
	if want := []string{"12-30 05:00 +0000", "12-31 05:00 +0000", "01-01 05:00 +0000"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestNeverPlanned(t *testing.T) {
	t.Parallel()
	var s cron.Schedule
	if at := s.Next(time.Now(), time.UTC); !at.IsZero() {
		t.Error(at)
	}
	if at := s.Prev(time.Now(), time.UTC); !at.IsZero() {
		t.Error(at)
	}
}
