package cost_test

import (
	"math"
	"testing"
	"time"

	"ephemr/internal/cost"
	"ephemr/internal/run"
)

func TestOfClusters(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	units := []run.Units{{Type: "m5.xlarge", Count: 2}}
	for name, tt := range map[string]struct {
		clusters []run.Cluster
		want     float64
	}{
		"none":              {nil, 0},
		"never created":     {[]run.Cluster{{Units: units}}, 0},
		"an hour, running":  {[]run.Cluster{{CreatedAt: now.Add(-time.Hour), Units: units}}, 0.48},
		"half an hour":      {[]run.Cluster{{CreatedAt: now.Add(-time.Hour), EndedAt: now.Add(-30 * time.Minute), Units: units}}, 0.24},
		"at least a minute": {[]run.Cluster{{CreatedAt: now, EndedAt: now.Add(time.Second), Units: units}}, 0.008},
		"unknown type":      {[]run.Cluster{{CreatedAt: now.Add(-time.Hour), Units: []run.Units{{Type: "x9.huge", Count: 1}}}}, 0.24},
		"resized": {[]run.Cluster{{CreatedAt: now.Add(-time.Hour), EndedAt: now.Add(-15 * time.Minute), Units: units, Resizes: []run.Resize{
			{At: now.Add(-45 * time.Minute), Kind: run.Task, Type: "m5.xlarge", More: 4},
			{At: now.Add(-40 * time.Minute), Kind: run.Core, Type: "m5.xlarge", More: -1},
			{At: now.Add(-30 * time.Minute), Kind: run.Task, Type: "m5.xlarge", More: 0},
			{At: now, Kind: run.Task, Type: "m5.xlarge", More: 9}, // too late to cost anything
		}}}, 0.36 + 4*0.06 - 0.1},
		"two attempts": {[]run.Cluster{{CreatedAt: now.Add(-time.Hour), Units: units}, {CreatedAt: now.Add(-time.Hour), Units: units}}, 0.96},

		"a quarter of a pool's":        {[]run.Cluster{{CreatedAt: now.Add(-time.Hour), Units: units, Pool: "p", Steps: 1, Of: 4}}, 0.12},
		"a second of a pool's":         {[]run.Cluster{{CreatedAt: now.Add(-time.Second), Units: units, Pool: "p", Leased: true, Steps: 3, Of: 3}}, 0.48 / 3600},
		"a second of what it has made": {[]run.Cluster{{CreatedAt: now.Add(-time.Second), Units: units, Pool: "p", Steps: 3, Of: 3}}, 0.008},
	} {
		if got := cost.OfClusters(tt.clusters, now); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: %f USD, want %f", name, got, tt.want)
		}
	}
}
