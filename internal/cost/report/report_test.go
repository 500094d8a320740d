package report_test

import (
	"math"
	"testing"
	"time"

	"ephemr/internal/cost/report"
	"ephemr/internal/run"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func ended(id, pipeline, team string, at time.Time, c *run.Cost) run.Run {
	r := run.Run{ID: id, Pipeline: pipeline, Team: team, State: run.Succeeded, EndedAt: at, Cost: c}
	if c != nil {
		r.CostUSD = c.USD()
	}
	return r
}

// Two days; figures by hand. A pool's cluster of one unit that costs 1.35 an hour lived for
// two hours, 2.70 USD, of which its runs were charged 0.70.
func TestOf(t *testing.T) {
	t.Parallel()
	runs := []run.Run{
		ended("a1", "a", "data", noon, &run.Cost{EC2: 1, EMR: 0.25, Disk: 0.1, Control: 0.01, Attempts: 0.5, Profile: "small"}),
		ended("a1", "a", "data", noon, &run.Cost{EC2: 1, EMR: 0.25, Disk: 0.1, Control: 0.01, Attempts: 0.5, Profile: "small"}), // seen twice
		ended("b1", "b", "", noon.AddDate(0, 0, 1), &run.Cost{EC2: 2, Fallbacks: 0.75, Profile: "big", Unknown: []string{"x9"}}),
		ended("c1", "c", "data", noon, &run.Cost{EC2: 0.3, Pooled: map[string]float64{"j-1": 0.3}, Profile: "small"}),
		ended("c0", "c", "data", noon.AddDate(0, 0, -1), &run.Cost{EC2: 0.4, Pooled: map[string]float64{"j-1": 0.4}, Profile: "small"}), // before the time
		ended("old", "c", "data", noon, nil),
	}
	pools := []report.Pooled{
		{ID: "j-1", Pool: "p", Team: "data", Profile: "small", CreatedAt: noon.Add(-time.Hour), EndedAt: noon.Add(time.Hour), Units: []run.Units{{
			Type: "t", Count: 1, Price: &run.Price{EC2: 1, EMR: 0.25, Disk: 0.1},
		}}},
		{ID: "j-2", Pool: "p", Team: "data", Profile: "small", CreatedAt: noon.AddDate(0, 0, -3), EndedAt: noon.AddDate(0, 0, -2)},
	}
	from, until := noon.Truncate(24*time.Hour), noon.AddDate(0, 0, 2).Truncate(24*time.Hour)
	for by, want := range map[report.By]map[string][3]float64{ // USD, wasted, runs
		report.Pipeline: {"a": {1.36, 0.5, 1}, "b": {2, 0.75, 1}, "c": {0.3, 0, 2}, "pool p": {2, 2, 0}},
		report.Team:     {"data": {3.66, 2.5, 3}, run.NoTeam: {2, 0.75, 1}},
		report.Day:      {"2026-11-02": {3.66, 2.5, 3}, "2026-11-03": {2, 0.75, 1}},
		report.Profile:  {"small": {3.66, 2.5, 2}, "big": {2, 0.75, 1}, "unknown": {0, 0, 1}},
	} {
		rows, total := report.Of(by, runs, pools, from, until)
		if len(rows) != len(want) {
			t.Errorf("%s: rows %+v", by, rows)
		}
		for _, r := range rows {
			if x := want[r.Name]; !near(r.USD, x[0]) || !near(r.Wasted, x[1]) || r.Runs != int(x[2]) {
				t.Errorf("%s: %+v, want %v", by, r, x)
			}
		}
		if !isTotal(total) {
			t.Errorf("%s: total %+v", by, total)
		}
	}
}

// isTotal reports whether a total is that of TestOf, which is the same for all rows.
func isTotal(r report.Row) bool {
	return near(r.USD, 5.66) && near(r.Wasted, 3.25) && near(r.IdleMinutes, 2/2.7*120) && r.Runs == 4 && r.Unpriced == 1
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9 }
