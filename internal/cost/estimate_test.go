package cost_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cost"
	"ephemr/internal/run"
)

func TestTypical(t *testing.T) {
	t.Parallel()
	past := func(minutes int, usd float64, profile string) run.Run {
		r := run.Run{State: run.Succeeded, StartedAt: ago(time.Duration(minutes) * time.Minute), EndedAt: now, CostUSD: usd}
		if profile != "" {
			r.Cost = &run.Cost{EC2: usd, Profile: profile}
		}
		return r
	}
	idle := past(1, 0, "small")
	idle.NothingToDo = true
	failed := past(1, 9, "small")
	failed.State = run.Failed
	for name, tt := range map[string]struct {
		runs []run.Run
		want *cost.Estimate
	}{
		"none":                     {nil, nil},
		"none that succeeded":      {[]run.Run{idle, failed}, nil},
		"the same profile":         {[]run.Run{past(10, 1, "small"), past(20, 2, "small"), past(90, 9, "big"), idle}, &cost.Estimate{Minutes: 15, USD: 1.5, Runs: 2}},
		"only other profiles":      {[]run.Run{past(90, 9, "big")}, &cost.Estimate{Minutes: 90, USD: 9, Runs: 1}},
		"runs of earlier versions": {[]run.Run{past(10, 1, ""), past(30, 3, "")}, &cost.Estimate{Minutes: 20, USD: 2, Runs: 2}},
	} {
		if diff := cmp.Diff(tt.want, cost.Typical(tt.runs, "small")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}
