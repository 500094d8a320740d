package run_test

import (
	"strings"
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
	longest := run.Run{ID: run.ID(strings.Repeat("p", 40), time.Date(9999, 12, 31, 23, 59, 0, 0, time.UTC), strings.Repeat("x", 128)), Restarts: run.MaxRestarts}
	if name := longest.ExecutionName(); len(name) > 80 {
		t.Errorf("execution %s has %d characters, more than Step Functions accepts", name, len(name))
	} else if id, n := run.OfExecution(name); id != longest.ID || n != longest.Restarts {
		t.Errorf("execution %s is of run %s, restart %d", name, id, n)
	}
	if run.PipelineOf("p-q-20260102T0304-0a1b2c3d") != "p-q" || run.PipelineOf(run.ID("p-q", now, "x")) != "p-q" {
		t.Error("the pipeline of an id is not found")
	}
	for name, want := range map[string]string{"r.1": "r", "a.b.12": "a.b", "r": "", "r.": "r", "r.x": "", "": "", ".1": ""} {
		if got := run.OfCluster(name); got != want {
			t.Errorf("cluster %q belongs to %q, want %q", name, got, want)
		}
	}
}
