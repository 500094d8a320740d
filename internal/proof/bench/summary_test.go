package bench

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/local/localemr"
	"ephemr/internal/proof/bench/trace"
)

// played is a run whose marks are step apart.
func played(group string, step time.Duration, calls map[string]int) observed {
	o := observed{shot: shot{group: group}, calls: calls}
	for i := range o.marks {
		o.marks[i] = time.Unix(1e9, 0).Add(time.Duration(i) * step)
	}
	o.evidence.Path = trace.Path{States: 8}
	return o
}

func TestSummary(t *testing.T) {
	t.Parallel()
	calls := localemr.Calls{
		SinceReset: map[string]int{"RunJobFlow": 2, "ListSteps": 4, "DescribeCluster": 3, "ListClusters": 5},
		ByCluster:  map[string]map[string]int{"j-1": {"ListSteps": 2, "DescribeCluster": 1}, "j-2": {"ListSteps": 2, "DescribeCluster": 2}},
	}
	lost := played(serial, time.Hour, nil)
	lost.failure = "FAILED with 2 clusters"
	var r Report
	r.addRuns([]observed{
		played(serial, 10*time.Millisecond, ofCluster(calls, "j-1")),
		played(serial, 30*time.Millisecond, ofCluster(calls, "j-2")),
		lost,
	}, calls)
	hops := time.Duration(len(trace.Hops))
	want := []Group{{
		Name: serial, Runs: 2, Median: Seconds(20 * hops * time.Millisecond), P90: Seconds(28 * hops * time.Millisecond),
		Longest: Seconds(30 * hops * time.Millisecond), Slowest: "30 ms: object put, event in the queue ()",
		Transitions: [2]int{8, 8}, Calls: [2]int{4, 5},
		Operations: map[string]int{"RunJobFlow": 1, "ListSteps": 2, "DescribeCluster": 2},
	}}
	if diff := cmp.Diff(want, r.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"ListClusters": 5}, r.Shared.Operations); diff != "" {
		t.Errorf("shared calls (-want +got):\n%s", diff)
	}
	if len(r.Failures) != 1 {
		t.Errorf("%d runs are left out, want 1", len(r.Failures))
	}
	var byHop, byWhere float64
	for _, h := range r.Hops {
		byHop += h.Share
	}
	for _, s := range r.Shares {
		byWhere += s.Share
	}
	if byHop < 0.999 || byHop > 1.001 || byWhere < 0.999 || byWhere > 1.001 {
		t.Errorf("shares add up to %f by hop and %f by function or service, want 1", byHop, byWhere)
	}
}

func TestSummaryOfNothing(t *testing.T) {
	t.Parallel()
	var r Report
	r.addRuns(nil, localemr.Calls{})
	for _, h := range r.Hops {
		if h.Share != 0 || h.Known != 0 {
			t.Errorf("hop %q is known: %+v", h.Name, h)
		}
	}
}
