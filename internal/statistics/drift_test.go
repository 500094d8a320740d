package statistics_test

import (
	"testing"

	"ephemr/internal/job"
	"ephemr/internal/statistics"
)

// of are statistics with so many rows, of which so many have no price.
func of(rows, nulls int64) statistics.Statistics {
	return statistics.Statistics{
		Dataset: "s3://lake/flights/", Rows: &rows,
		Columns: []statistics.Column{{Name: "id", Nulls: new(int64)}, {Name: "price", Nulls: &nulls}, {Name: "note"}},
	}
}

// Rows and nulls are compared with the medians, and one run that differs does not move these.
func TestDrift(t *testing.T) {
	t.Parallel()
	usual := []statistics.Statistics{of(100, 2), of(110, 2), of(10_000, 9_000), of(90, 2), of(105, 2)}
	unread, limited := statistics.Statistics{Partial: "Access Denied"}, of(100, 2)
	limited.Partial, limited.Limited = "there are more than 20000 files", true
	for name, tt := range map[string]struct {
		now  statistics.Statistics
		past []statistics.Statistics
		want string // "" = as expected
		ok   string // else what is found
	}{
		"as usual":             {of(100, 2), usual, "", "100 rows, the median is 105: -4.8% (5 runs)"},
		"at the limit":         {of(84, 0), usual, "", "84 rows, the median is 105: -20.0% (5 runs)"},
		"fewer rows":           {of(83, 0), usual, "83 rows, the median is 105: -21.0% (5 runs)", ""},
		"more rows":            {of(127, 0), usual, "127 rows, the median is 105: +21.0% (5 runs)", ""},
		"no rows":              {of(0, 0), usual, "0 rows, the median is 105: -100.0% (5 runs)", ""},
		"more nulls":           {of(100, 8), usual, "price 8.0%, the median is 2.0% (5 runs)", ""},
		"two runs before":      {of(1, 1), usual[:2], "", "not enough history: 2 runs, 3 are needed"},
		"none before":          {of(1, 1), nil, "", "not enough history: 0 runs, 3 are needed"},
		"it cannot be read":    {unread, usual, "no statistics: Access Denied", ""},
		"there are many files": {limited, usual, "", "not compared: there are more than 20000 files"},
		"none had rows":        {of(5, 0), []statistics.Statistics{of(0, 0), of(0, 0), of(0, 0)}, "5 rows, the median is 0 (3 runs)", ""},
		"empty as usual":       {of(0, 0), []statistics.Statistics{of(0, 0), of(0, 0), of(0, 0)}, "", "0 rows, the median is 0 (3 runs)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			all := tt.now.Drift(job.Drift{Rows: "20%", Nulls: "5pp"}, statistics.History{Runs: tt.past})
			for _, f := range all {
				if !f.OK && got == "" {
					got = f.Found
				}
			}
			if got != tt.want || len(all) != 2 {
				t.Errorf("found %q, want %q: %+v", got, tt.want, all)
			}
			if tt.want == "" && all[0].Found != tt.ok {
				t.Errorf("found %q, want %q", all[0].Found, tt.ok)
			}
		})
	}
}
