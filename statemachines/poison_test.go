package statemachines_test

import (
	"encoding/json"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// change writes an attribute of a record as no version of ephemr does.
func change(t *testing.T, w *simulation.World, key records.Key, name string, v types.AttributeValue) {
	t.Helper()
	for _, it := range w.DB.Items(w.Settings.RunsTable) {
		if records.Text(it["pk"]) != key.Partition || records.Text(it["sk"]) != key.Sort {
			continue
		}
		it[name] = v
		if _, err := w.DB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &w.Settings.RunsTable, Item: it}); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no record %v", key)
}

// One bad record stops no other run, in any list: of the tick, of sweep, of
// admission and of the commands. It is counted.
func TestOneBadRecordStopsNoOther(t *testing.T) {
	t.Parallel()
	newer := &types.AttributeValueMemberN{Value: "2"}
	for _, tt := range []struct {
		name  string
		state run.State // of the bad run when its record is changed
		key   func(id string) records.Key
		attr  string
		value types.AttributeValue
	}{
		{"a run of a newer version", run.Running, records.RunKey, "format", newer},
		{"a run that is no run", run.Running, records.RunKey, "restarts", records.String("many")},
		{"a waiter of a newer version", run.Running, records.WaiterKey, "format", newer},
		{"a waiter that is none", run.Running, records.WaiterKey, "deadline", records.String("soon")},
		{"a job of a newer version", run.Running, func(id string) records.Key { return records.JobKey(id, "a") }, "format", newer},
		{"a queued run", run.Queued, records.RunKey, "requestedAt", records.String("never")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			most := 4
			c := simulation.Config{Settings: func(s *stage.Settings) {
				s.Limits.MaxActive, s.Limits.TeamMaxActive, s.Limits.PipelineMaxActive = most, most, most
				if tt.state == run.Queued {
					s.Limits.PipelineMaxActive = 1
				}
			}}
			inWorld(t, c, func(t *testing.T, w *simulation.World) {
				w.Apply(one)
				bad := four(w)
				if got := w.Record(bad).Run.State; got != tt.state {
					t.Fatalf("the run is %s", got)
				}
				change(t, w, tt.key(bad), tt.attr, tt.value)
				time.Sleep(4 * time.Hour)
				if good := othersSucceeded(t, w, bad); good != 3 {
					t.Errorf("%d of the other three runs succeeded", good)
				}
			})
		})
	}
}

// A cluster of a pool whose record cannot be read is left out: runs get another, and
// sweep counts it.
func TestOneBadClusterStopsNoPool(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(pooled("p", nightly, ""))
		bad := succeeded(t, w, asks(t, w, "p")...)[0]
		for _, it := range w.DB.Items(w.Settings.ClustersTable) {
			if records.Text(it["pk"]) != bad {
				continue
			}
			it["steps"] = records.String("many")
			if _, err := w.DB.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &w.Settings.ClustersTable, Item: it}); err != nil {
				t.Fatal(err)
			}
		}
		if next := succeeded(t, w, asks(t, w, "p")...)[0]; next == bad {
			t.Errorf("the next run had cluster %s, too", next)
		}
		time.Sleep(6 * time.Minute)
		if counted := slices.ContainsFunc(w.Metrics.Data(stage.MetricNamespace), func(d cwtypes.MetricDatum) bool {
			return *d.MetricName == stage.UnreadableMetric && *d.Value == 1
		}); !counted {
			t.Error("not counted")
		}
		if errs := w.Errors(); len(errs) > 0 {
			t.Errorf("errors: %v", errs)
		}
	})
}

// four uploads four objects and returns the run of the second, which stands
// between others in the queue and in the list of the tick.
func four(w *simulation.World) (second string) {
	for i, key := range []string{"in/a.csv", "in/b.csv", "in/c.csv", "in/d.csv"} {
		before := w.RunIDs()
		w.Upload(key)
		synctest.Wait()
		time.Sleep(time.Second)
		for _, id := range w.RunIDs() {
			if i == 1 && !slices.Contains(before, id) {
				second = id
			}
		}
	}
	return second
}

// othersSucceeded counts the runs that succeeded, without one.
func othersSucceeded(t *testing.T, w *simulation.World, without string) (n int) {
	t.Helper()
	listed, err := w.Runs.List(t.Context(), run.Query{Pipeline: "one", Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range listed {
		if r.ID != without && r.State == run.Succeeded {
			n++
		}
	}
	return n
}

// A run whose pipeline is deleted or unreadable ends, and its cluster with it.
func TestPipelineOfARunIsMissing(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, w *simulation.World, id string){
		"deleted": func(t *testing.T, w *simulation.World, id string) {
			t.Helper()
			if _, err := w.DB.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &w.Settings.RunsTable, Key: records.SpecKey(id).Attributes()}); err != nil {
				t.Fatal(err)
			}
		},
		"unreadable": func(t *testing.T, w *simulation.World, id string) {
			t.Helper()
			change(t, w, records.SpecKey(id), "spec", records.String("{"))
		},
	} {
		for when, after := range map[string]time.Duration{"while its cluster starts": time.Minute, "while its step runs": 6 * time.Minute} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				inWorld(t, simulation.Config{Steps: always(simulation.Step{Takes: 10 * time.Minute})}, func(t *testing.T, w *simulation.World) {
					w.Apply(chain)
					w.Upload("in/a.csv")
					time.Sleep(after)
					id := w.RunIDs()[0]
					spoil(t, w, id)
					time.Sleep(time.Hour)
					r := w.Record(id).Run
					if r.State != run.Failed || r.Class != job.ClassInternal {
						t.Errorf("the run is %s, class %s: %s", r.State, r.Class, r.Reason)
					}
					if left := w.Left(); len(left) > 0 {
						t.Errorf("left: %q", left)
					}
				})
			})
		}
	}
}

// A panic while one run is looked at does not affect the others.
func TestPanicInOneRun(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		w.Upload("in/a.csv")
		w.Upload("in/b.csv")
		time.Sleep(7 * time.Second)
		first := true
		w.SFN.Use(&awsfake.Hooks{Before: func(op string) error {
			if op == "SFN:SendTaskSuccess" && first {
				first = false
				panic("a mistake in one run")
			}
			return nil
		}})
		_, err := w.Invoke("watch", json.RawMessage(`{"detail-type":"Scheduled Event"}`))
		_ = err
		time.Sleep(2 * time.Hour)
		for _, id := range w.RunIDs() {
			if r := w.Record(id).Run; r.State != run.Succeeded {
				t.Errorf("run %s is %s: %s", id, r.State, r.Reason)
			}
		}
		if first {
			t.Error("nothing has panicked")
		}
	})
}
