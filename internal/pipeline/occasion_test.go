package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pipeline"
)

// TestOccasion: which date, zone and interval a run has.
func TestOccasion(t *testing.T) {
	t.Parallel()
	const head, tail = "pipeline: demo\n", "cluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]\n"
	tests := map[string]struct{ file, logical, want string }{
		"planned in summer":           {"triggers: [{schedule: '30 0 * * *', timezone: Europe/Lisbon}]\n", "2026-06-30T23:30:00Z", "2026-07-01 Europe/Lisbon 2026-06-30T23:30:00Z 2026-07-01T23:30:00Z"},
		"zone of the pipeline":        {"timezone: Europe/Lisbon\ntriggers: [{schedule: '30 0 * * *'}]\n", "2026-06-30T23:30:00Z", "2026-07-01 Europe/Lisbon 2026-06-30T23:30:00Z 2026-07-01T23:30:00Z"},
		"a schedule's own zone":       {"timezone: Europe/Lisbon\ntriggers: [{schedule: '0 5 * * *', timezone: Asia/Tokyo}]\n", "2026-06-30T20:00:00Z", "2026-07-01 Asia/Tokyo 2026-06-30T20:00:00Z 2026-07-01T20:00:00Z"},
		"a day of 23 hours":           {"triggers: [{schedule: '0 0 * * *', timezone: Europe/Berlin}]\n", "2026-03-28T23:00:00Z", "2026-03-29 Europe/Berlin 2026-03-28T23:00:00Z 2026-03-29T22:00:00Z"},
		"planned in a gap":            {"triggers: [{schedule: '30 2 * * *', timezone: Europe/Berlin}]\n", "2026-03-29T01:00:00Z", "2026-03-29 Europe/Berlin 2026-03-29T01:00:00Z 2026-03-30T00:30:00Z"},
		"planned after its date":      {"triggers: [{schedule: '30 23 * * *', timezone: America/Nuuk}]\n", "2026-03-29T01:00:00Z", "2026-03-28 America/Nuuk 2026-03-29T01:00:00Z 2026-03-30T00:30:00Z"},
		"the second schedule":         {"triggers: [{schedule: '0 5 * * *'}, {schedule: '0 6 * * 1', timezone: UTC}]\n", "2026-11-30T06:00:00Z", "2026-11-30 UTC 2026-11-30T06:00:00Z 2026-12-07T06:00:00Z"},
		"a date":                      {"", "2026-11-30", "2026-11-30 UTC 2026-11-30T00:00:00Z 2026-12-01T00:00:00Z"},
		"a date in the zone":          {"timezone: America/New_York\n", "2026-11-30", "2026-11-30 America/New_York 2026-11-30T05:00:00Z 2026-12-01T05:00:00Z"},
		"a date of a schedule's zone": {"triggers: [{schedule: '0 5 * * *', timezone: Asia/Tokyo}]\n", "2026-11-30", "2026-11-30 Asia/Tokyo 2026-11-29T15:00:00Z 2026-11-30T15:00:00Z"},
		"a date without a midnight":   {"timezone: Africa/Cairo\n", "2026-04-24", "2026-04-24 Africa/Cairo 2026-04-23T22:00:00Z 2026-04-24T21:00:00Z"},
		"planned on another date":     {"triggers: [{schedule: '0 19 * * *', timezone: America/New_York}]\n", "2026-11-30", "2026-11-30 America/New_York 2026-11-30T05:00:00Z 2026-12-01T05:00:00Z"},
		"planned on that date":        {"triggers: [{schedule: '0 0 * * 1'}]\n", "2026-11-30", "2026-11-30 UTC 2026-11-30T00:00:00Z 2026-12-07T00:00:00Z"},
		"unplanned":                   {"timezone: America/New_York\ntriggers: [{schedule: '0 5 * * *'}]\n", "2026-11-30T04:12:34Z", "2026-11-29 America/New_York 2026-11-29T05:00:00Z 2026-11-30T05:00:00Z"},
		"the last date":               {"", "9999-12-31", "9999-12-31 UTC 9999-12-31T00:00:00Z 9999-12-31T23:59:59Z"},
		"the last planned time":       {"triggers: [{schedule: '0 5 1 * *'}]\n", "9999-12-01T05:00:00Z", "9999-12-01 UTC 9999-12-01T05:00:00Z 9999-12-31T23:59:59Z"},
		"not on a whole second":       {"triggers: [{schedule: '0 5 * * *'}]\n", "2026-11-30T05:00:00.5Z", "2026-11-30 UTC 2026-11-30T00:00:00Z 2026-12-01T00:00:00Z"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := pipeline.Parse("demo.yaml", []byte(head+tt.file+tail))
			if err != nil {
				t.Fatal(err)
			}
			logical, err := time.Parse(time.RFC3339, tt.logical)
			isDate := err != nil
			if isDate {
				logical, _ = time.Parse(time.DateOnly, tt.logical)
			}
			o := s.OccasionOf(logical, isDate)
			got := fmt.Sprint(o.Date, " ", o.Zone, " ", o.Interval.Start.Format(time.RFC3339), " ", o.Interval.End.Format(time.RFC3339))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
