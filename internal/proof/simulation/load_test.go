package simulation_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"ephemr/events"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
	"ephemr/internal/view/runview"
)

// queue adds runs of the pipeline of a queued run to its queue: newer ones, as a burst
// that goes on.
func queue(w *simulation.World, id string, n int) {
	var like []awsfake.Item
	for _, it := range w.DB.Items(w.Settings.RunsTable) {
		if records.Text(it["pk"]) == id && (records.Text(it["sk"]) == "RUN" || records.Text(it["sk"]) == "SPEC") {
			like = append(like, it)
		}
	}
	r := w.Record(id).Run
	var all []awsfake.Item
	for i := range n {
		at := r.RequestedAt.Add(time.Duration(i+1) * time.Millisecond)
		newID := run.ID(r.Pipeline, at, fmt.Sprint(i))
		for _, it := range like {
			it = maps.Clone(it)
			it["pk"] = records.String(newID)
			if records.Text(it["sk"]) == "RUN" {
				it["id"], it[records.StateOrderName] = records.String(newID), records.String(records.QueueOrder(r.Pipeline, r.Priority, at, newID))
				it[records.PipelineOrderName] = records.String(records.TimeOrder(at, newID))
				it["requestedAt"], _ = attributevalue.Marshal(at)
			}
			all = append(all, it)
		}
	}
	w.DB.Fill(w.Settings.RunsTable, all)
}

// What a pass of admission, a cancellation, a list and a sweep read does not depend on
// how many runs of a full pipeline wait, in pages as AWS returns them.
func TestReadsDoNotGrowWithTheQueue(t *testing.T) {
	t.Parallel()
	small, large := 1000, 100_000
	if testing.Short() {
		small, large = 1000, 5000
	}
	few, many := readsOf(t, small), readsOf(t, large)
	for name, r := range few {
		if got := many[name]; got != r {
			t.Errorf("%s: reads %+v of %d queued runs, and %+v of %d", name, r, small, got, large)
		}
		t.Logf("%s: %+v", name, r)
	}
}

// readsOf is what each operation reads while n runs of a pipeline wait, whose limit is
// 2 of 4.
func readsOf(t *testing.T, n int) map[string]awsfake.Reads {
	t.Helper()
	reads := map[string]awsfake.Reads{}
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{
			NoTicks: true, Settings: func(s *stage.Settings) { s.Limits.MaxActive, s.Limits.PipelineMaxActive = 4, 2 },
			Steps: func(simulation.Attempt) simulation.Step { return simulation.Step{Takes: 2 * run.MaxQueued} },
		})
		defer w.Close()
		for _, name := range []string{"one", "two"} {
			w.Apply("pipeline: " + name + "\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]")
		}
		for i := range 3 {
			w.Request(events.Request{RequestID: fmt.Sprint(i), Pipeline: "one"})
			time.Sleep(time.Second)
		}
		ids := w.RunIDs()
		var waits string
		for _, id := range ids {
			if w.Record(id).Run.State == run.Queued {
				waits = id
			}
		}
		queue(w, waits, n)
		measure := func(name string, f func() error) {
			before := w.DB.Reads()
			if err := f(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			synctest.Wait()
			reads[name] = w.DB.Reads().Sub(before)
		}
		invoke := func(function, payload string) func() error {
			return func() error { _, err := w.Invoke(function, json.RawMessage(payload)); return err }
		}
		list := func(q run.Query) func() error {
			return func() error {
				runs, err := runview.Newest(t.Context(), w.Runs, q)
				if err == nil && len(runs) == 0 {
					t.Errorf("%+v lists nothing", q)
				}
				return err
			}
		}
		measure("a pass", invoke("admit", "{}"))
		measure("a request of a full pipeline", func() error {
			w.Request(events.Request{RequestID: "another", Pipeline: "one"})
			return nil
		})
		measure("a request of another pipeline", func() error {
			w.Request(events.Request{RequestID: "first", Pipeline: "two"})
			return nil
		})
		measure("list all", list(run.Query{Limit: 20}))
		measure("list queued", list(run.Query{State: run.Queued, Limit: 20}))
		measure("list a pipeline", list(run.Query{Pipeline: "one", Limit: 20}))
		measure("list what runs of a pipeline", list(run.Query{Pipeline: "one", State: run.Running, Limit: 20}))
		measure("cancel", invoke("control", `{"op": "cancel", "runId": "`+waits+`"}`))
		time.Sleep(10 * time.Minute)
		w.Bus.OnEvent = nil // how many passes follow depends on how they coalesce
		measure("a sweep", invoke("sweep", "{}"))
		time.Sleep(run.MaxQueued)
		measure("a sweep when all have waited too long", invoke("sweep", "{}"))
	})
	return reads
}
