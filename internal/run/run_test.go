package run_test

import (
	"testing"
	"time"

	"ephemr/internal/run"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestNames(t *testing.T) {
	t.Parallel()
	a, b := run.ID("p", now, "x", "y"), run.ID("p", now.In(time.FixedZone("", 3600)), "x", "y")
	if a != b || a == run.ID("p", now, "xy") || a == run.ID("p", now, "x", "y", "") {
		t.Errorf("ids %s, %s", a, b)
	}
	for name, want := range map[string]string{"r.1": "r", "a.b.12": "a.b", "r": "", "r.": "r", "r.x": "", "": "", ".1": ""} {
		if got := run.OfCluster(name); got != want {
			t.Errorf("cluster %q belongs to %q, want %q", name, got, want)
		}
	}
}
