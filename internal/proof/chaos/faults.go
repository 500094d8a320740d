package chaos

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"ephemr/internal/local/localemr"
	"ephemr/internal/run"
)

// The faults, all at once and until the load ends. Those that match the end of a
// cluster's name hit the same runs again with the same seed: a run id ends in
// eight hexadecimal digits of its identity.
var faults = []localemr.Fault{
	{Kind: "throttle", Chance: 0.03},
	{Kind: "serverError", Chance: 0.02},
	{Kind: "lostAnswer", Op: "RunJobFlow", Chance: 0.1},
	{Kind: "lostAnswer", Op: "AddJobFlowSteps", Chance: 0.1},
	{Kind: "lostAnswer", Op: "TerminateJobFlows", Chance: 0.05},
	{Kind: "lostAnswer", Chance: 0.01},
	{Kind: "listOmits", Chance: 0.05},
	{Kind: "capacity", Cluster: "*3.?", Market: "SPOT"},        // the second fallback is on demand
	{Kind: "capacity", Cluster: "*37.?", Market: "ON_DEMAND"},  // for few there is no capacity at all
	{Kind: "unsupportedType", Cluster: "*b.1", Market: "SPOT"}, // not on the fallbacks
	{Kind: "protected", Chance: 0.05},
	{Kind: "provisionSlow", Chance: 0.05, Delay: localemr.Duration(4 * time.Second)},
	{Kind: "provisionStuck", Chance: 0.01},
	{Kind: "bootstrapFailure", Chance: 0.04},
	{Kind: "stepKilled", Chance: 0.03, Delay: localemr.Duration(300 * time.Millisecond)},
	{Kind: "instanceFailure", Chance: 0.01, Delay: localemr.Duration(300 * time.Millisecond), State: "FAILED"},
	{Kind: "instanceFailure", Chance: 0.01, Delay: localemr.Duration(400 * time.Millisecond)},
	{Kind: "instanceFailure", Chance: 0.01, Delay: localemr.Duration(200 * time.Millisecond), State: "CANCELLED"},
	{Kind: "failureDetails", Chance: 0.2},
	{Kind: "logsLate", Chance: 0.1, Delay: localemr.Duration(2 * time.Second)},
	{Kind: "eventLost", Cluster: "*[0-2].?"}, // only ticks resume these runs
	{Kind: "eventDoubled", Chance: 0.1},
	{Kind: "eventDelayed", Chance: 0.1, Delay: localemr.Duration(2 * time.Second)},
	{Kind: "eventReordered", Chance: 0.1},
}

// losesEvents says whether all events of a run's clusters are lost.
func losesEvents(runID string) bool { return strings.ContainsAny(runID[len(runID)-1:], "012") }

// faultsOf returns the faults of these kinds, or all when kinds is nil.
func faultsOf(kinds []string) []localemr.Fault {
	if kinds == nil {
		return faults
	}
	return slices.DeleteFunc(slices.Clone(faults), func(f localemr.Fault) bool { return !slices.Contains(kinds, f.Kind) })
}

// inject replaces the active faults, and counts the hits of those before.
func (r *region) inject(ctx context.Context, next []localemr.Fault) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.addCounts(ctx); err != nil {
		return err
	}
	return r.Admin(ctx, http.MethodPut, "faults", append([]localemr.Fault{}, next...), nil)
}

// counts is what localemr has counted, across its restarts.
type counts struct {
	hits  map[string]int // faults, by kind
	calls map[string]int // by operation
}

func newCounts() counts { return counts{hits: map[string]int{}, calls: map[string]int{}} }

// addCounts adds what localemr has counted since the last addCounts. r.mu must be held.
func (r *region) addCounts(ctx context.Context) error {
	var hit []localemr.Fault
	var calls localemr.Calls
	if err := r.Admin(ctx, http.MethodGet, "faults", nil, &hit); err != nil {
		return err
	}
	if err := r.Admin(ctx, http.MethodGet, "calls", nil, &calls); err != nil {
		return err
	}
	for _, f := range hit {
		r.counts.hits[f.Kind] += f.Hits
	}
	for op, n := range calls.SinceReset {
		r.counts.calls[op] += n
	}
	if err := r.Admin(ctx, http.MethodPost, "calls/reset", nil, nil); err != nil {
		return err
	}
	return r.Admin(ctx, http.MethodPut, "faults", withoutHits(hit), nil)
}

// withoutHits returns the same faults with their hits set to zero.
func withoutHits(all []localemr.Fault) []localemr.Fault {
	out := make([]localemr.Fault, 0, len(all))
	for _, f := range all {
		f.Hits = 0
		out = append(out, f)
	}
	return out
}

// overlap is a moment at which a run had more than one cluster.
type overlap struct {
	run string
	ids []string
	at  time.Time
}

// sample lists all clusters at one moment, and finds the runs that have several.
func (r *region) sample(ctx context.Context) ([]overlap, int, error) {
	var all []localemr.Overview
	if err := r.Admin(ctx, http.MethodGet, "clusters", nil, &all); err != nil {
		return nil, 0, err
	}
	alive := map[string][]string{}
	n := 0
	for _, c := range all {
		if strings.HasPrefix(c.State, "TERMINAT") {
			continue
		}
		n++
		id := run.OfCluster(c.Name)
		alive[id] = append(alive[id], c.ID)
	}
	var found []overlap
	for id, ids := range alive {
		if len(ids) > 1 {
			found = append(found, overlap{run: id, ids: ids, at: time.Now()})
		}
	}
	return found, n, nil
}
