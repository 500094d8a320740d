package statemachines_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/publish"
	"ephemr/internal/run"
)

// publishes writes to a prefix of its own and publishes it as today's partition.
const publishes = "pipeline: one\n" + onSmall + `jobs: [{name: a, type: bash, source: a}]
publish: {table: ephemr.stores, partition: {country: pt, dt: today}, location: "{{.Lake.curated}}/stores/run={{.RunID}}/"}`

// published are parts of the paths of its runs.
const (
	publishing   = "Publish " + good
	notPublished = "Publish " + bad
	onlyPublish  = "PrepareRun Prepared Publish "
)

// stores makes the table that they publish to.
func stores(w *simulation.World, keys ...string) {
	w.Glue.Create("ephemr_test", gluetypes.Table{
		Name: new("stores"), StorageDescriptor: &gluetypes.StorageDescriptor{
			Location: new("s3://test-curated/stores/"), InputFormat: new("parquet"), Columns: []gluetypes.Column{{Name: new("id"), Type: new("bigint")}},
		},
	}, keys...)
}

// points returns what today's partition points at; "" = it does not exist.
func points(t *testing.T, w *simulation.World) string {
	t.Helper()
	out, err := w.Glue.GetPartition(awsfake.Unobserved(t.Context()), &glue.GetPartitionInput{DatabaseName: new("ephemr_test"), TableName: new("stores"), PartitionValues: []string{"today", "pt"}})
	if _, missing := errors.AsType[*gluetypes.EntityNotFoundException](err); missing {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	if sd := out.Partition.StorageDescriptor; *sd.InputFormat != "parquet" || len(sd.Columns) != 1 {
		t.Errorf("the partition does not have the format of its table: %+v", sd)
	}
	return *out.Partition.StorageDescriptor.Location
}

func dataOf(id string) string { return "s3://test-curated/stores/run=" + id + "/" }

// A run makes its partition point at its data when all of it has succeeded, whatever
// happens meanwhile; otherwise readers see the data before.
func TestPublish(t *testing.T) {
	t.Parallel()
	throttled := &gluetypes.OperationTimeoutException{}
	for name, tt := range map[string]struct {
		before func(w *simulation.World)
		step   simulation.Step
		want   ended
		state  run.PublicationState // "" = none
		reason string
	}{
		"published": {
			want: ended{Path: path(begin, round, publishing), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, state: run.Published,
		},
		"a job fails": {
			step: simulation.Step{ExitCode: 1}, state: run.Unpublished, reason: "job a: ",
			want: ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassJob, Jobs: "a=FAILED", Clusters: 1},
		},
		"a check fails": {
			step: simulation.Step{ExitCode: 1, Class: job.ClassData, Reason: "rows: 0"}, state: run.Unpublished, reason: "rows: 0",
			want: ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassData, Jobs: "a=FAILED", Clusters: 1},
		},
		"nothing to do": {
			step: simulation.Step{ExitCode: job.NothingToDo},
			want: ended{Path: path(begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
		},
		"nothing written": {
			step: simulation.Step{Empty: true}, state: run.Unpublished, reason: "no data at s3://test-curated/stores/run=",
			want: ended{Path: path(begin, round, notPublished), State: run.Failed, Class: job.ClassData, Jobs: "a=SUCCEEDED", Clusters: 1},
		},
		"throttled": {
			before: func(w *simulation.World) {
				w.Glue.FailNext("GetTable", awsfake.Throttled(), awsfake.Throttled())
				w.Glue.FailNext("CreatePartition", &gluetypes.ConcurrentModificationException{})
			},
			want: ended{Path: path(begin, round, publishing), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, state: run.Published,
		},
		"a lost answer": {
			before: func(w *simulation.World) { w.Glue.LoseNext("CreatePartition", errLost) },
			want:   ended{Path: path(begin, round, publishing), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, state: run.Published,
		},
		"a repeated call": {
			before: func(w *simulation.World) { w.Glue.RepeatNext("CreatePartition", 1) },
			want:   ended{Path: path(begin, round, publishing), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, state: run.Published,
		},
		"a call without an effect": {
			before: func(w *simulation.World) { w.Glue.FailNext("CreatePartition", throttled) },
			want:   ended{Path: path(begin, round, publishing), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, state: run.Published,
		},
		"a crash before the call": {
			before: func(w *simulation.World) { w.Crash("Glue:CreatePartition", false) },
			want:   ended{Path: path(begin, round, publishing), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, state: run.Published,
		},
		"a crash after the call": {
			before: func(w *simulation.World) { w.Crash("Glue:CreatePartition", true) },
			want:   ended{Path: path(begin, round, publishing), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, state: run.Published,
		},
		"denied": {
			before: func(w *simulation.World) { w.Glue.FailNext("CreatePartition", awsfake.Denied("glue:CreatePartition")) },
			want:   ended{Path: path(begin, round, notPublished), State: run.Failed, Class: job.ClassPermission, Jobs: "a=SUCCEEDED", Clusters: 1},
			state:  run.Unpublished, reason: "create partition today/pt of ephemr_test.stores: ",
		},
		"too many partitions": {
			before: func(w *simulation.World) {
				w.Glue.FailNext("CreatePartition", &gluetypes.ResourceNumberLimitExceededException{})
			},
			want:  ended{Path: path(begin, round, notPublished), State: run.Failed, Class: job.ClassQuota, Jobs: "a=SUCCEEDED", Clusters: 1},
			state: run.Unpublished, reason: "ResourceNumberLimitExceeded",
		},
		"no table": {
			before: func(w *simulation.World) {
				w.Glue.FailNext("GetTable", &gluetypes.EntityNotFoundException{Message: new("Entity Not Found")})
			},
			want:  ended{Path: path(begin, round, notPublished), State: run.Failed, Class: job.ClassInvalid, Jobs: "a=SUCCEEDED", Clusters: 1},
			state: run.Unpublished, reason: "table ephemr_test.stores does not exist: create it with the partition keys country, dt",
		},
		"other keys": {
			before: func(w *simulation.World) { stores(w, "dt", "region") },
			want:   ended{Path: path(begin, round, notPublished), State: run.Failed, Class: job.ClassInvalid, Jobs: "a=SUCCEEDED", Clusters: 1},
			state:  run.Unpublished, reason: "table ephemr_test.stores is partitioned by dt, region, and publish sets country, dt",
		},
		"no keys": {
			before: func(w *simulation.World) { stores(w) },
			want:   ended{Path: path(begin, round, notPublished), State: run.Failed, Class: job.ClassInvalid, Jobs: "a=SUCCEEDED", Clusters: 1},
			state:  run.Unpublished, reason: "is not partitioned",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": tt.step})}, func(t *testing.T, w *simulation.World) {
				stores(w, "dt", "country")
				if tt.before != nil {
					tt.before(w)
				}
				got, id := uploaded(t, w, publishes, nil)
				compare(t, w, id, tt.want, got)
				r := w.Record(id).Run
				if !strings.Contains(r.Reason, tt.reason) {
					t.Errorf("reason %q, want %q", r.Reason, tt.reason)
				}
				if pub := r.Publication; (pub == nil) != (tt.state == "") || pub != nil && (pub.State != tt.state || pub.Location != dataOf(id)) {
					t.Errorf("publication %+v, want %s", pub, tt.state)
				}
				if tt.state == run.Published {
					if at := points(t, w); at != dataOf(id) {
						t.Errorf("readers see %q", at)
					}
				}
				if calls := w.Glue.Calls("UpdatePartition"); calls > 0 {
					t.Errorf("%d updates of a partition that did not exist", calls)
				}
			})
		})
	}
}

// second runs one pipeline twice, with something in between, and returns both runs.
func second(t *testing.T, w *simulation.World, between func()) (ids [2]string, got ended) {
	t.Helper()
	stores(w, "dt", "country")
	_, ids[0] = uploaded(t, w, publishes, nil)
	between()
	w.Upload("in/b.csv")
	time.Sleep(time.Minute)
	for _, id := range w.RunIDs() {
		if id != ids[0] {
			ids[1] = id
		}
	}
	w.Wait(ids[1])
	return ids, ended{State: w.Record(ids[1]).Run.State}
}

// A refused call after the checks passed is repeated by a retry, which runs no job again.
// Until then readers see the data of the run before.
func TestRetryPublishesOnce(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		ids, got := second(t, w, func() { w.Glue.FailNext("UpdatePartition", awsfake.Denied("glue:UpdatePartition")) })
		if at := points(t, w); got.State != run.Failed || at != dataOf(ids[0]) {
			t.Fatalf("the run is %s, readers see %s", got.State, at)
		}
		control(t, w, `{"op": "retry", "runId": "`+ids[1]+`"}`)
		time.Sleep(time.Hour)
		rec := w.Record(ids[1])
		want := &run.Publication{State: run.Published, Table: "ephemr.stores", Partition: "dt=today/country=pt", Location: dataOf(ids[1]), Previous: dataOf(ids[0])}
		if at := rec.Run.Publication; at != nil {
			want.At = at.At
		}
		if diff := cmp.Diff(want, rec.Run.Publication); diff != "" || rec.Run.State != run.Succeeded || points(t, w) != dataOf(ids[1]) {
			t.Errorf("%s, %s, readers see %s (-want +got):\n%s", rec.Run.State, rec.Run.Reason, points(t, w), diff)
		}
		if p := strings.Join(w.Result(ids[1]+".1").Path, " "); p != onlyPublish+good || rec.Job("a").Attempt != 1 || w.Glue.Calls("UpdatePartition") != 2 {
			t.Errorf("path %s, attempt %d, %d updates", p, rec.Job("a").Attempt, w.Glue.Calls("UpdatePartition"))
		}
	})
}

// The data of a run that began earlier does not replace that of one that began later.
func TestOlderRunIsSuperseded(t *testing.T) {
	t.Parallel()
	var begun atomic.Bool
	slow := func(simulation.Attempt) simulation.Step {
		if begun.CompareAndSwap(false, true) {
			return simulation.Step{Takes: time.Hour}
		}
		return simulation.Step{}
	}
	inWorld(t, simulation.Config{Steps: slow}, func(t *testing.T, w *simulation.World) {
		stores(w, "dt", "country")
		w.Apply(publishes)
		w.Upload("in/a.csv")
		time.Sleep(20 * time.Minute)
		older := w.RunIDs()[0]
		w.Upload("in/b.csv")
		time.Sleep(3 * time.Hour)
		for _, id := range w.RunIDs() {
			r := w.Record(id).Run
			if r.State != run.Succeeded || r.Publication == nil {
				t.Fatalf("run %s: %+v", id, r)
			}
			want, seen := run.Published, dataOf(id)
			if id == older {
				want, seen = run.Superseded, dataOf(r.Publication.By)
			}
			if r.Publication.State != want || points(t, w) != seen || r.Publication.By == older {
				t.Errorf("run %s: %+v, readers see %s", id, r.Publication, points(t, w))
			}
		}
	})
}

// undo has a publication undone.
func undo(w *simulation.World, id string) (out publish.UndoAnswer, err error) {
	reply, err := w.Invoke("control", json.RawMessage(`{"op": "unpublish", "runId": "`+id+`"}`))
	if err == nil {
		err = json.Unmarshal(reply, &out)
	}
	return out, err
}

// undoRefused has a publication undone that cannot be.
func undoRefused(t *testing.T, w *simulation.World, id, why string) {
	t.Helper()
	if _, err := undo(w, id); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("undo of %s: %v, want %q", id, err, why)
	}
}

// Undone, a publication is the one before again; what is older than both stays out.
func TestUndo(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(w *simulation.World){
		"at once":       func(*simulation.World) {},
		"a lost answer": func(w *simulation.World) { w.Glue.LoseNext("UpdatePartition", errLost) },
		"a crash":       func(w *simulation.World) { w.Crash("Glue:UpdatePartition", true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				ids, _ := second(t, w, func() {})
				undoRefused(t, w, ids[0], "by run "+ids[1]+": undo that first")
				fail(w)
				answer, err := undo(w, ids[1])
				if err != nil {
					answer, err = undo(w, ids[1])
				}
				want := publish.UndoAnswer{RunID: ids[1], Table: "ephemr.stores", Partition: "dt=today/country=pt", Location: dataOf(ids[0]), Restored: ids[0]}
				if diff := cmp.Diff(want, answer); diff != "" || err != nil || points(t, w) != dataOf(ids[0]) {
					t.Errorf("%v, readers see %s (-want +got):\n%s", err, points(t, w), diff)
				}
				if pub := w.Record(ids[1]).Run.Publication; pub.State != run.Undone {
					t.Errorf("%+v", pub)
				}
				undoRefused(t, w, ids[1], "")
				undoRefused(t, w, ids[0], "did not exist before run "+ids[0])
			})
		})
	}
}

// A run that is cancelled while it publishes is what its readers see: SUCCEEDED if they see
// its data, CANCELLED if they do not.
func TestCancelledWhilePublishing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		after bool // of the call's effect
		want  run.State
	}{"before the call": {false, run.Cancelled}, "after the call": {true, run.Succeeded}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				stores(w, "dt", "country")
				w.Crash("Glue:CreatePartition", tt.after)
				w.Glue.Use(&awsfake.Hooks{Around: func(_ context.Context, op string, effect func() error) error {
					if op != "Glue:CreatePartition" {
						return effect()
					}
					var err error
					if tt.after {
						err = effect()
					}
					_, _ = w.Invoke("control", json.RawMessage(`{"op": "cancel", "runId": "`+w.RunIDs()[0]+`"}`)) //nolint:contextcheck // a person cancels, not the function
					return errors.Join(err, errLost)
				}})
				_, id := uploaded(t, w, publishes, nil)
				r := w.Record(id).Run
				if r.State != tt.want || (points(t, w) == dataOf(id)) != tt.after {
					t.Errorf("run %s (%s), readers see %q", r.State, r.Reason, points(t, w))
				}
			})
		})
	}
}

// Data that is checked after the last job is published when it has passed, and a retry checks
// it again.
func TestPublishAfterCheckData(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		stores(w, "dt", "country")
		w.Glue.FailNext("CreatePartition", awsfake.Denied("glue:CreatePartition"))
		got, id := uploaded(t, w, publishes+"\noutputs: [\"{{.Lake.curated}}/stores/run={{.RunID}}/\"]", nil)
		want := ended{Path: path(begin, round, "CheckData Checked", notPublished), State: run.Failed, Class: job.ClassPermission, Jobs: "a=SUCCEEDED", Clusters: 1}
		compare(t, w, id, want, got)
		control(t, w, `{"op": "retry", "runId": "`+id+`"}`)
		time.Sleep(time.Hour)
		if p := strings.Join(w.Result(id+".1").Path, " "); p != path("PrepareRun Prepared CheckData Checked", publishing) || points(t, w) != dataOf(id) {
			t.Errorf("path %s, readers see %q", p, points(t, w))
		}
	})
}
