package cost_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cost"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

var now = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// Prices that are easy to add up: an hour of an On-Demand unit is 1.35, of a Spot one 0.75.
var price = &run.Price{EC2: 1, Spot: 0.4, EMR: 0.25, Disk: 0.1}

func two(spot int) []run.Units {
	return []run.Units{{Kind: run.Core, Type: "t", Count: 2, Spot: spot, Price: price}}
}

func TestOfClusters(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		clusters []run.Cluster
		want     run.Cost
	}{
		"none":             {},
		"never created":    {clusters: []run.Cluster{{Units: two(0)}}},
		"an hour, running": {[]run.Cluster{{CreatedAt: ago(time.Hour), Units: two(0)}}, run.Cost{EC2: 2, EMR: 0.5, Disk: 0.2}},
		"one of two is spot: EMR's charge is the same": {
			[]run.Cluster{{CreatedAt: ago(time.Hour), Units: two(1)}}, run.Cost{EC2: 1.4, EMR: 0.5, Disk: 0.2},
		},
		"half an hour": {
			[]run.Cluster{{CreatedAt: ago(time.Hour), EndedAt: ago(30 * time.Minute), Units: two(0)}}, run.Cost{EC2: 1, EMR: 0.25, Disk: 0.1},
		},
		"at least a minute": {
			[]run.Cluster{{CreatedAt: now, EndedAt: now.Add(time.Second), Units: two(0)}}, run.Cost{EC2: 2.0 / 60, EMR: 0.5 / 60, Disk: 0.2 / 60},
		},
		"prices of earlier versions": { // m5.xlarge: 0.192 and 0.048 an hour; 15 GiB of gp3, 64 GiB of gp2
			[]run.Cluster{{CreatedAt: ago(time.Hour), Units: []run.Units{{Type: "m5.xlarge", Count: 1}}}},
			run.Cost{EC2: 0.192, EMR: 0.048, Disk: (15*0.08 + 64*0.1) / 730},
		},
		"an unknown type is not guessed": {
			[]run.Cluster{{CreatedAt: ago(time.Hour), Units: append(two(0), run.Units{Type: "x9.huge", Count: 3})}},
			run.Cost{EC2: 2, EMR: 0.5, Disk: 0.2, Unknown: []string{"x9.huge"}},
		},
		"resized": {[]run.Cluster{{CreatedAt: ago(time.Hour), EndedAt: ago(15 * time.Minute), Units: two(0), Resizes: []run.Resize{
			{At: ago(45 * time.Minute), Kind: run.Task, Type: "t", More: 4, Spot: true}, // for 15 minutes
			{At: ago(40 * time.Minute), Kind: run.Core, Type: "t", More: -1},            // for 25 minutes
			{At: ago(30 * time.Minute), Kind: run.Task, Type: "t", More: 0},
			{At: now, Kind: run.Task, Type: "t", More: 9}, // too late to cost anything
		}}}, run.Cost{EC2: 1.5 + 0.4 - 25.0/60, EMR: 0.375 + 0.25 - 0.25*25/60, Disk: 0.15 + 0.1 - 0.1*25/60}},
		"two attempts": {
			[]run.Cluster{{CreatedAt: ago(time.Hour), Units: two(0)}, {CreatedAt: ago(time.Hour), Units: two(0)}}, run.Cost{EC2: 4, EMR: 1, Disk: 0.4},
		},
		"a quarter of a pool's": {
			[]run.Cluster{{ID: "j-1", CreatedAt: ago(time.Hour), Units: two(0), Pool: "p", Steps: 1, Of: 4}},
			run.Cost{EC2: 0.5, EMR: 0.125, Disk: 0.05, Pooled: map[string]float64{"j-1": 0.675}},
		},
		"a second of a pool's": {
			[]run.Cluster{{ID: "j-1", CreatedAt: ago(time.Second), Units: two(0), Pool: "p", Leased: true, Steps: 3, Of: 3}},
			run.Cost{EC2: 2.0 / 3600, EMR: 0.5 / 3600, Disk: 0.2 / 3600, Pooled: map[string]float64{"j-1": 2.7 / 3600}},
		},
		"a second of what it has made": {
			[]run.Cluster{{ID: "j-1", CreatedAt: ago(time.Second), Units: two(0), Pool: "p", Steps: 3, Of: 3}},
			run.Cost{EC2: 2.0 / 60, EMR: 0.5 / 60, Disk: 0.2 / 60, Pooled: map[string]float64{"j-1": 2.7 / 60}},
		},
	} {
		if diff := cmp.Diff(rounded(tt.want), rounded(cost.OfClusters(tt.clusters, now))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// rounded is c to a billionth of a dollar.
func rounded(c run.Cost) run.Cost {
	for _, f := range []*float64{&c.EC2, &c.EMR, &c.Disk, &c.Control, &c.Attempts, &c.Fallbacks} {
		*f = math.Round(*f*1e9) / 1e9
	}
	for id, usd := range c.Pooled {
		c.Pooled[id] = math.Round(usd*1e9) / 1e9
	}
	return c
}

// The cluster costs 2.70 an hour. What had no effect is a part of that.
func TestOfRun(t *testing.T) {
	t.Parallel()
	cluster := run.Cluster{State: run.ClusterReady, CreatedAt: ago(time.Hour), ReadyAt: ago(50 * time.Minute), Units: two(0)}
	failed := run.Cluster{State: run.ClusterFailed, CreatedAt: ago(90 * time.Minute), EndedAt: ago(60 * time.Minute), Units: two(0)}
	attempt := func(from, to time.Duration) run.Attempt { return run.Attempt{StartedAt: ago(from), EndedAt: ago(to)} }
	for name, tt := range map[string]struct {
		clusters                 []run.Cluster
		jobs                     []run.Job
		usd, attempts, fallbacks float64
	}{
		"all went well":            {clusters: []run.Cluster{cluster}, jobs: []run.Job{{State: run.JobSucceeded, StartedAt: ago(40 * time.Minute), EndedAt: ago(10 * time.Minute)}}, usd: 2.7},
		"a fallback":               {clusters: []run.Cluster{failed, cluster}, usd: 4.05, fallbacks: 1.35},
		"the second try succeeded": {clusters: []run.Cluster{cluster}, jobs: []run.Job{{State: run.JobSucceeded, StartedAt: ago(20 * time.Minute), EndedAt: now, Earlier: []run.Attempt{attempt(40*time.Minute, 30*time.Minute)}}}, usd: 2.7, attempts: 0.45},
		"a failure beside a job that succeeded": {clusters: []run.Cluster{cluster}, jobs: []run.Job{
			{State: run.JobFailed, StartedAt: ago(40 * time.Minute), EndedAt: ago(10 * time.Minute)},
			{State: run.JobSucceeded, StartedAt: ago(30 * time.Minute), EndedAt: ago(20 * time.Minute)},
		}, usd: 2.7, attempts: 0.9},
		"two failures side by side are counted once": {clusters: []run.Cluster{cluster}, jobs: []run.Job{
			{State: run.JobFailed, StartedAt: ago(40 * time.Minute), EndedAt: ago(20 * time.Minute)},
			{State: run.JobCancelled, StartedAt: ago(30 * time.Minute), EndedAt: ago(10 * time.Minute)},
		}, usd: 2.7, attempts: 1.35},
	} {
		rec := &run.Record{Clusters: tt.clusters, Jobs: tt.jobs, Spec: &pipeline.Spec{Cluster: pipeline.Cluster{Profile: "small"}}}
		got := cost.OfRun(rec, now)
		if math.Abs(got.USD()-tt.usd) > 1e-9 || math.Abs(got.Attempts-tt.attempts) > 1e-9 || math.Abs(got.Fallbacks-tt.fallbacks) > 1e-9 || got.Profile != "small" {
			t.Errorf("%s: %+v, sum %f", name, got, got.USD())
		}
	}
}

// What has ended costs no more, and a run that has started has the control plane's share.
func TestOfRunThatHasEnded(t *testing.T) {
	t.Parallel()
	rec := &run.Record{
		Run:  run.Run{State: run.Succeeded, StartedAt: ago(time.Hour), EndedAt: ago(30 * time.Minute)},
		Jobs: []run.Job{{State: run.JobSucceeded, Attempt: 1}, {State: run.JobSucceeded, Attempt: 3}},
		Clusters: []run.Cluster{
			{CreatedAt: ago(time.Hour), Units: two(0)},
		},
	}
	const each = 0.000025 + 0.0000002 + 0.3*0.25*0.0000133334
	want := run.Cost{EC2: 1, EMR: 0.25, Disk: 0.1, Control: (9 + 2 + 2*1 + 2*3) * each}
	if diff := cmp.Diff(rounded(want), rounded(cost.OfRun(rec, now))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
