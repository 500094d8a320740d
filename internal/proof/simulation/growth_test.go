package simulation_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/events"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

var hour = flag.Bool("hour", false, "simulate growth for an hour instead of a minute and a half")

// raisedQuotas are those of docs/operating.md, for a cluster for each of 10,000 runs an hour: calls a second, and at once.
var raisedQuotas = map[string]awsfake.Quota{
	stage.AccountBucket: {Burst: 120, PerSecond: 30}, "RunJobFlow": {Burst: 40, PerSecond: 4}, "AddJobFlowSteps": {Burst: 40, PerSecond: 4}, "TerminateJobFlows": {Burst: 40, PerSecond: 4},
	"DescribeCluster": {Burst: 80, PerSecond: 8}, "ListSteps": {Burst: 40, PerSecond: 4}, "ListClusters": {Burst: 40, PerSecond: 2}, "ListInstanceFleets": {Burst: 40, PerSecond: 4},
}

// With the quotas of an account at 1,700 runs an hour, and with raised ones at 10,000, each with a cluster of its own,
// runs start when they are requested and all succeed, EMR refuses no call, and the control plane makes as many calls for
// a run as for a single one. docs/operating.md has the figures of an hour.
func TestGrowth(t *testing.T) {
	t.Parallel()
	slow(t, "hundreds of runs take seconds")
	for name, tt := range map[string]struct {
		runs   int // an hour
		quotas map[string]awsfake.Quota
	}{
		"quotas as they are": {1_700, nil},
		"raised quotas":      {10_000, raisedQuotas},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { grow(t, tt.runs, tt.quotas) })
		})
	}
}

// grow simulates runs at a pace.
func grow(t *testing.T, perHour int, quotas map[string]awsfake.Quota) {
	t.Helper()
	n, pace := 250, time.Hour/time.Duration(perHour)
	if *hour {
		n = perHour
	}
	w := simulation.New(simulation.Config{Throttle: true, Quotas: quotas, Settings: func(s *stage.Settings) {
		s.Limits.MaxActive, s.Limits.PipelineMaxActive, s.Limits.EMR = n, n, stage.Buckets{}
		for api, q := range quotas {
			s.Limits.EMR[api] = stage.Bucket{Burst: int(q.Burst), PerSecond: q.PerSecond}
		}
	}})
	defer w.Close()
	w.Apply(one)
	var most slots
	for i := range n {
		w.Request(events.Request{RequestID: fmt.Sprint(i), Pipeline: "one"})
		time.Sleep(pace)
		if i%100 == 99 {
			most = most.larger(w)
		}
	}
	var waited, took []time.Duration
	for _, id := range w.RunIDs() {
		r := w.Wait(id).Run
		if r.State != run.Succeeded {
			t.Errorf("run %s is %s: %s", id, r.State, r.Reason)
		}
		waited, took = append(waited, r.StartedAt.Sub(r.RequestedAt)), append(took, r.EndedAt.Sub(r.StartedAt))
	}
	time.Sleep(10 * time.Minute)
	checkGrowth(t, w, waited, took, n)
	own, shared := w.Calls()
	var transitions []int
	for _, id := range w.RunIDs() {
		transitions = append(transitions, w.Result(id).Transitions)
	}
	t.Logf("%d runs an hour for %s, of %d transitions, at most %d: they waited %s, at most %s, and took %s, at most %s; %d at a time, whose slots have %d bytes; calls %v, of ticks %v",
		perHour, time.Duration(n)*pace, median(transitions), slices.Max(transitions), median(waited), slices.Max(waited), median(took), slices.Max(took), most.runs, most.bytes, own, shared)
}

func checkGrowth(t *testing.T, w *simulation.World, waited, took []time.Duration, n int) {
	t.Helper()
	if len(waited) != n {
		t.Errorf("%d runs, want %d", len(waited), n)
	}
	if late := slices.Max(waited); late > 20*time.Second {
		t.Errorf("a run waited %s to start", late)
	}
	if long := slices.Max(took); long > 7*time.Minute {
		t.Errorf("a run took %s: it waited for calls of EMR", long)
	}
	if denied := w.EMR.Denied(); len(denied) > 0 {
		t.Errorf("EMR refused calls for their number: %v", denied)
	}
	own, _ := w.Calls()
	if calls := simulation.Sum(own); calls > 8*n {
		t.Errorf("%d calls for %d runs: %v", calls, n, own)
	}
	if left := w.Left(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// slots are those of the stage: an item that every start and end of a run changes.
type slots struct{ runs, bytes int }

func (s slots) larger(w *simulation.World) slots {
	for _, it := range w.DB.Items(w.Settings.ClustersTable) {
		set, ok := it["runs"].(*types.AttributeValueMemberSS)
		if !ok || records.Text(it[records.PartitionName]) != records.StageSlotsKey().Partition || len(set.Value) <= s.runs {
			continue
		}
		s = slots{runs: len(set.Value)}
		for _, holder := range set.Value {
			s.bytes += len(holder)
		}
	}
	return s
}
