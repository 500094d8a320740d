package statemachines_test

import (
	"fmt"
	"hash/fnv"
	"testing"
	"time"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// AWS answers late, twice, not at all or in the wrong order, and functions die:
// the run takes its path all the same, with one cluster and one step.
func TestFaults(t *testing.T) {
	t.Parallel()
	happy := ended{Path: path(begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}
	late := happy // the answer comes after a retry, so the path is the same
	var all []scenario
	add := func(name string, c simulation.Config, before func(w *simulation.World)) {
		all = append(all, scenario{name: name, config: c, before: before, want: late})
	}
	for _, op := range []string{"RunJobFlow", "DescribeCluster", "AddJobFlowSteps", "ListSteps", "TerminateJobFlows"} {
		add("throttled "+op, simulation.Config{}, func(w *simulation.World) {
			w.EMR.FailNext(op, awsfake.Throttled(), awsfake.Throttled(), awsfake.Throttled())
		})
		add("lost answer of "+op, simulation.Config{}, func(w *simulation.World) { w.EMR.LoseNext(op, errLost) })
		for _, after := range []bool{false, true} {
			add(fmt.Sprintf("crash in %s, effect %t", op, after), simulation.Config{}, func(w *simulation.World) { w.Crash("EMR:"+op, after) })
		}
	}
	add("lost answer of RunJobFlow, list throttled", simulation.Config{}, func(w *simulation.World) {
		w.EMR.LoseNext("RunJobFlow", errLost)
		w.EMR.FailNext("ListClusters", awsfake.Throttled(), awsfake.Throttled(), awsfake.Throttled(), awsfake.Throttled(), awsfake.Throttled(), awsfake.Throttled())
	})
	add("lost answer of AddJobFlowSteps, list throttled", simulation.Config{}, func(w *simulation.World) {
		w.EMR.LoseNext("AddJobFlowSteps", errLost)
		w.EMR.FailNext("ListSteps", awsfake.Throttled(), awsfake.Throttled())
	})
	add("lost answers of Step Functions", simulation.Config{}, func(w *simulation.World) {
		w.SFN.LoseNext("SendTaskSuccess", errLost, errLost)
		w.SFN.LoseNext("StartExecution", errLost)
	})
	add("Step Functions fails", simulation.Config{}, func(w *simulation.World) {
		w.SFN.FailNext("SendTaskSuccess", errLost, errLost)
		w.SFN.FailNext("StartExecution", errLost)
	})
	add("crash when the step's description is written", simulation.Config{}, func(w *simulation.World) { w.Crash("S3:PutObject", true) })
	add("S3 fails", simulation.Config{}, func(w *simulation.World) { w.S3.FailNext("PutObject", errLost); w.S3.FailNext("GetObject", errLost) })
	add("all events lost", simulation.Config{EventDelays: noEvents}, nil)
	add("events doubled", simulation.Config{EventDelays: func(string) []time.Duration { return []time.Duration{0, 0} }}, nil)
	add("events late and out of order", simulation.Config{EventDelays: scatter()}, nil)
	add("indexes late", simulation.Config{}, func(w *simulation.World) { w.DB.DelayIndexes(7, 5*time.Second) })
	runScenarios(t, all)
}

// scatter delivers every event twice, up to three minutes late, in any order.
func scatter() func(string) []time.Duration {
	n := 0
	return func(detailType string) []time.Duration {
		var delays []time.Duration
		for range 2 {
			n++
			h := fnv.New32a()
			_, _ = h.Write(fmt.Append(nil, detailType, n)) // never fails
			delays = append(delays, time.Duration(h.Sum32()%180)*time.Second)
		}
		return delays
	}
}

// Whatever write to the tables a process dies in, before or after it, the run
// ends well, once and with one cluster.
func TestCrashInAnyWrite(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "Query", "GetItem"} {
		for n := range 6 {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d %t", op, n, after), func(t *testing.T) {
					t.Parallel()
					inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
						w.Apply(one)
						w.CrashAt("DynamoDB:"+op, n, after)
						w.Upload("in/a.csv")
						time.Sleep(10 * time.Minute)
						ids := w.RunIDs()
						if len(ids) != 1 {
							t.Fatalf("runs %v, want one", ids)
						}
						w.Wait(ids[0])
						time.Sleep(10 * time.Minute)
						rec := w.Record(ids[0])
						if rec.Run.State != run.Succeeded || len(w.EMR.Clusters()) != 1 || len(w.Left()) > 0 {
							t.Errorf("%s (%s), %d clusters, left %q; path %v", rec.Run.State, rec.Run.Reason, len(w.EMR.Clusters()), w.Left(), w.Result(ids[0]).Path)
						}
						atMostOneStepPerAttempt(t, w)
					})
				})
			}
		}
	}
}
