package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	emrtypes "github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// gate is closed when RunFinished of a run is out.
func (w *World) gate(runID string) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.finished[runID]
	if !ok {
		c = make(chan struct{})
		w.finished[runID] = c
	}
	return c
}

func (w *World) closeOnce(runID string) {
	c := w.gate(runID)
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-c:
	default:
		close(c)
	}
}

// patience is longer than any run may take.
const patience = 10 * 24 * time.Hour

// Wait waits until the outcome of a run has been announced, and returns its record;
// when that never happens, the record is not final.
func (w *World) Wait(runID string) *run.Record {
	select {
	case <-w.gate(runID):
	case <-time.After(patience):
	}
	return w.Record(runID)
}

// Record is what the tables say of a run.
func (w *World) Record(runID string) *run.Record {
	rec, err := w.Runs.Load(w.life, runID)
	if err != nil {
		panic(fmt.Sprintf("load run: %v", err))
	}
	return rec
}

// RunIDs are the ids of all runs, sorted.
func (w *World) RunIDs() []string {
	var ids []string
	for _, it := range w.DB.Items(w.Settings.RunsTable) {
		if text(it["sk"]) == "RUN" {
			ids = append(ids, text(it["pk"]))
		}
	}
	slices.Sort(ids)
	return ids
}

// Result is what the state machine says of a run that admission started.
func (w *World) Result(runID string) asl.Result {
	return w.Engine.Result(strings.Replace(w.Settings.StateMachine, ":stateMachine:", ":execution:", 1) + ":" + runID)
}

// Calls are the EMR calls made for runs, by operation; shared ones are those of
// the ticks, which do not depend on the number of runs.
func (w *World) Calls() (own, shared map[string]int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	own, shared = map[string]int{}, map[string]int{}
	for function, ops := range w.calls {
		for op, n := range ops {
			if function == "sweep" || function == "watch" && op == "ListClusters" {
				shared[op] += n
			} else {
				own[op] += n
			}
		}
	}
	return own, shared
}

// Sum adds calls up.
func Sum(calls map[string]int) int {
	n := 0
	for c := range maps.Values(calls) {
		n += c
	}
	return n
}

// Open are the clusters that still cost money, by name.
func (w *World) Open() []string {
	var names []string
	for _, c := range w.EMR.Clusters() {
		switch c.Status.State { //nolint:exhaustive // the others are open
		case emrtypes.ClusterStateTerminating, emrtypes.ClusterStateTerminated, emrtypes.ClusterStateTerminatedWithErrors:
		default:
			names = append(names, *c.Name)
		}
	}
	for name, open := range w.Instant.Capacities() {
		if open {
			names = append(names, name)
		}
	}
	return names
}

// Made counts the clusters, or other capacities, that were ever made for a run.
func (w *World) Made(runID string) int {
	n := 0
	for _, c := range w.EMR.Clusters() {
		if run.OfCluster(*c.Name) == runID {
			n++
		}
	}
	for name := range w.Instant.Capacities() {
		if run.OfCluster(name) == runID {
			n++
		}
	}
	return n
}

// holders are the attempts that lease a cluster of a pool, sorted.
func holders(cluster awsfake.Item) []string {
	leases, ok := cluster["leases"].(*types.AttributeValueMemberM)
	if !ok {
		return nil
	}
	return slices.Sorted(maps.Keys(leases.Value))
}

// Left is what a stage without runs should not have: clusters, YARN
// applications, slots, leases, waiters.
func (w *World) Left() []string {
	left := []string{}
	for _, name := range w.Open() {
		left = append(left, "cluster "+name)
	}
	for _, c := range w.EMR.Clusters() {
		for _, tag := range w.EMR.Applications().Living(*c.Name) {
			left = append(left, "YARN application of "+tag+" on "+*c.Name)
		}
	}
	for _, it := range w.DB.Items(w.Settings.ClustersTable) {
		if set, ok := it["runs"].(*types.AttributeValueMemberSS); ok {
			for _, id := range set.Value {
				left = append(left, "slot of "+id+" in "+text(it["pk"]))
			}
		}
		for _, holder := range holders(it) {
			left = append(left, "lease of "+holder+" on "+text(it["pk"]))
		}
	}
	for _, it := range w.DB.Items(w.Settings.RunsTable) {
		if text(it["sk"]) == "WAIT" {
			left = append(left, "waiter of "+text(it["pk"]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.CloudMap.Registered())) {
		left = append(left, "address of "+name)
	}
	return left
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// Errors are those of functions that are invoked asynchronously.
func (w *World) Errors() []error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.errs)
}
