package run_test

import (
	"slices"
	"testing"

	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// Rounds and retries are counted until the execution must end.
func TestRound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, retries int
		clusters        []run.Cluster
		want            int
		ends            bool
	}{
		"first":               {want: run.RoundEvents},
		"retried":             {before: 80, retries: 3, want: 80 + run.RoundEvents + 3*run.RetryEvents},
		"largest pipeline":    {before: 2199 * run.RoundEvents, clusters: make([]run.Cluster, 2), want: 2200 * run.RoundEvents},
		"about 2,500 rounds":  {before: 2499 * run.RoundEvents, clusters: make([]run.Cluster, 3), want: 2500 * run.RoundEvents},
		"too many rounds":     {before: 2749 * run.RoundEvents, clusters: make([]run.Cluster, 1), want: 2750 * run.RoundEvents, ends: true},
		"too many retries":    {before: 17_600, retries: 1000, clusters: make([]run.Cluster, 1), want: 17_608 + 4000, ends: true},
		"clusters of a retry": {before: 20_000, clusters: slices.Repeat([]run.Cluster{{Restart: 1}}, 10), want: 20_008},
		"too many clusters":   {before: 20_000, clusters: make([]run.Cluster, 10), want: 20_008, ends: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := &run.Record{Run: run.Run{ID: "r"}, Clusters: tt.clusters}
			got, err := rec.Round(run.History{Events: tt.before}, tt.retries)
			if got.Events != tt.want || (err != nil) != tt.ends || err != nil && fault.NameOf(err) != fault.Limit {
				t.Errorf("%d events, %v; want %d", got.Events, err, tt.want)
			}
		})
	}
}

// Only clusters that this execution has lost count.
func TestMoreClusters(t *testing.T) {
	t.Parallel()
	failed := slices.Repeat([]run.Cluster{{State: run.ClusterFailed}}, run.MaxClusters)
	for name, tt := range map[string]struct {
		restarts int
		clusters []run.Cluster
		ends     bool
	}{
		"none":           {},
		"all but one":    {clusters: failed[1:]},
		"one on its way": {clusters: append(slices.Clone(failed[1:]), run.Cluster{State: run.ClusterIntended})},
		"all":            {clusters: failed, ends: true},
		"before a retry": {clusters: failed, restarts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := &run.Record{Run: run.Run{ID: "r", Restarts: tt.restarts}, Clusters: tt.clusters}
			if err := rec.MoreClusters(); (err != nil) != tt.ends || err != nil && fault.NameOf(err) != fault.Limit {
				t.Errorf("got %v", err)
			}
		})
	}
}
