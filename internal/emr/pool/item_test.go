package pool_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/pool"
	"ephemr/internal/run"
)

// TestItem holds the attributes of both kinds of clusters: the conditions of
// updates depend on which exist.
func TestItem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		c    pool.Cluster
		want string
		runs []string
	}{
		{"a run's", pool.Cluster{
			ID: "j-1", RunID: "r", Attempt: 1, Name: "r.1", CreatedAt: now, Deadline: now, Pipeline: "daily", Team: "etl",
			AdHoc: true, Profile: "small", Release: "emr-7", Units: []run.Units{{Type: "m5.xlarge", Count: 1}},
		}, "adHoc attempt createdAt deadline name pipeline pk profile release runId team ttl units", []string{"r"}},
		{"a run's that ended", pool.Cluster{
			ID: "j-1", RunID: "r", CreatedAt: now, Deadline: now, Service: "srv-1", ListedAt: now, EndedAt: now,
		}, "attempt createdAt deadline endedAt listedAt name pk runId service ttl", []string{"r"}},
		{"a pool's", pool.Cluster{
			ID: "j-1", RunID: "r", Attempt: 1, Name: "r.1", CreatedAt: now, Deadline: now, Pool: "nightly", Team: "etl", Profile: "small",
			Member: pool.Member{State: pool.Starting, Steps: 2, Leases: map[string]int{"r.1": 2}, KeepAlive: time.Hour, Until: now},
		}, "attempt createdAt deadline free idleUntil keepAlive leases name pk pool profile profileHash runId state steps team ttl until", []string{"r"}},
		{"a pool's that is leased by others", pool.Cluster{
			ID: "j-1", RunID: "r", CreatedAt: now, Deadline: now, Pool: "nightly", Team: "etl", Profile: "small",
			Member: pool.Member{Leases: map[string]int{"b.1": 1, "a.2": 1, "a.3": 1}, IdleUntil: now, Until: now},
		}, "attempt createdAt deadline free idleUntil keepAlive leases name pk pool profile profileHash runId state steps team ttl until", []string{"a", "b"}},
	} {
		it, err := tt.c.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, strings.Join(slices.Sorted(maps.Keys(it)), " ")); diff != "" {
			t.Errorf("%s: attributes (-want +got)\n%s", tt.name, diff)
		}
		got, err := pool.Decode(it)
		if err != nil {
			t.Fatal(err)
		}
		tt.c.TTL = got.TTL
		if diff := cmp.Diff(tt.c, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
		if diff := cmp.Diff(tt.runs, got.Runs()); diff != "" {
			t.Errorf("%s: runs (-want +got)\n%s", tt.name, diff)
		}
	}
	if c, err := pool.Decode(nil); c.ID != "" || err != nil {
		t.Errorf("no item: %+v, %v", c, err)
	}
}
