package bench

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"ephemr/internal/local/localemr"
	"ephemr/internal/proof/bench/trace"
)

// addRuns fills in the results of the runs.
func (r *Report) addRuns(all []observed, calls localemr.Calls) {
	groups := map[string][]observed{}
	for _, o := range all {
		if o.failure != "" {
			r.Failures = append(r.Failures, Failure{Run: o.run.ID, Group: o.group, Why: o.failure})
			continue
		}
		groups[o.group] = append(groups[o.group], o)
	}
	for _, name := range []string{first, serial, burst, short, long} {
		if len(groups[name]) > 0 {
			r.Groups = append(r.Groups, group(name, groups[name]))
		}
	}
	r.Hops = hops(trace.Hops, groups[serial], groups[burst])
	r.Parts = hops(trace.Parts, groups[serial], groups[burst])
	r.Shares = shares(groups[serial])
	r.Shared.Refused, r.Shared.Operations = calls.Refused, shared(calls)
}

// createCall creates a cluster, so localemr does not count it for one.
const createCall = "RunJobFlow"

// ofCluster are the calls for one cluster.
func ofCluster(calls localemr.Calls, id string) map[string]int {
	ops := map[string]int{createCall: 1}
	for op, n := range calls.ByCluster[id] {
		ops[op] += n
	}
	return ops
}

// shared are the calls for no single cluster.
func shared(calls localemr.Calls) map[string]int {
	left := map[string]int{}
	for op, n := range calls.SinceReset {
		left[op] += n
	}
	for id := range calls.ByCluster {
		for op, n := range ofCluster(calls, id) {
			left[op] -= n
		}
	}
	maps.DeleteFunc(left, func(_ string, n int) bool { return n == 0 })
	return left
}

func group(name string, runs []observed) Group {
	g := Group{Name: name, Runs: len(runs), Transitions: none, Calls: none}
	var overhead, unexplained trace.Sample
	for _, o := range runs {
		if d, ok := o.marks.Overhead(); ok {
			overhead = append(overhead, d)
			unexplained = append(unexplained, o.marks.Unexplained())
			if Seconds(d) > g.Longest {
				g.Longest, g.Slowest = Seconds(d), slowest(o)
			}
		}
		g.Transitions = widen(g.Transitions, o.evidence.Path.Transitions())
		g.Retries += o.evidence.Path.Retries
		total := 0
		for _, n := range o.calls {
			total += n
		}
		if total > g.Calls[1] {
			g.Operations = o.calls
		}
		g.Calls = widen(g.Calls, total)
	}
	g.Median, g.P90 = Seconds(overhead.Median()), Seconds(overhead.Quantile(0.9))
	g.Unexplained = Seconds(unexplained.Median())
	return g
}

// slowest names the hop that took a run longest.
func slowest(o observed) string {
	var longest time.Duration
	name := ""
	for _, h := range trace.Hops {
		if d, ok := o.marks.Between(h.From, h.To); ok && d > longest {
			longest, name = d, h.Name
		}
	}
	return fmt.Sprintf("%.0f ms: %s (%s)", longest.Seconds()*1000, name, o.run.ID)
}

// none is the range of no numbers.
var none = [2]int{math.MaxInt, 0}

func widen(r [2]int, n int) [2]int { return [2]int{min(r[0], n), max(r[1], n)} }

func hops(of []trace.Hop, calm, crowd []observed) []Hop {
	whole := overheads(calm).Sum()
	out := make([]Hop, 0, len(of))
	for _, h := range of {
		s := spent(h, calm)
		out = append(out, Hop{
			Name: h.Name, Where: h.Where, Known: len(s), Median: Seconds(s.Median()), P90: Seconds(s.Quantile(0.9)),
			Share: part(s, whole), Burst: Seconds(spent(h, crowd).Median()),
		})
	}
	return out
}

// part is the share of s in the whole; 0 when nothing was measured.
func part(s trace.Sample, whole time.Duration) float64 {
	if whole == 0 {
		return 0
	}
	return float64(s.Sum()) / float64(whole)
}

func spent(h trace.Hop, runs []observed) trace.Sample {
	var s trace.Sample
	for _, o := range runs {
		if d, ok := o.marks.Between(h.From, h.To); ok {
			s = append(s, d)
		}
	}
	return s
}

func overheads(runs []observed) trace.Sample {
	var s trace.Sample
	for _, o := range runs {
		if d, ok := o.marks.Overhead(); ok {
			s = append(s, d)
		}
	}
	return s
}

// shares adds the hops up by what spends the time, the greatest first.
func shares(runs []observed) []Share {
	if len(runs) == 0 {
		return nil
	}
	whole := overheads(runs).Sum()
	by := map[string]*Share{}
	for _, h := range trace.Hops {
		if by[h.Where] != nil {
			continue
		}
		var s trace.Sample
		for _, o := range runs {
			s = append(s, at(h.Where, o.marks))
		}
		by[h.Where] = &Share{Where: h.Where, Median: Seconds(s.Median()), Share: part(s, whole)}
	}
	logs := runs[0].evidence.Logs
	for _, name := range functions {
		var took trace.Sample
		for _, i := range logs[name] {
			took = append(took, i.Took)
		}
		if by[name] == nil {
			by[name] = &Share{Where: name}
		}
		by[name].Calls, by[name].Took, by[name].P90 = len(took), Seconds(took.Median()), Seconds(took.Quantile(0.9))
	}
	out := make([]Share, 0, len(by))
	for _, name := range slices.Sorted(maps.Keys(by)) {
		out = append(out, *by[name])
	}
	slices.SortStableFunc(out, func(a, b Share) int { return int(b.Median - a.Median) })
	return out
}

// at is the time a run spent in the hops of one function or service.
func at(where string, m trace.Marks) time.Duration {
	var sum time.Duration
	for _, h := range trace.Hops {
		if d, ok := m.Between(h.From, h.To); ok && h.Where == where {
			sum += d
		}
	}
	return sum
}
