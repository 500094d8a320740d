package intake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/intake"
	"ephemr/internal/ledger"
	"ephemr/internal/operation"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// control asks for an operation.
func control(t *testing.T, w *simulation.World, op operation.Op, request, out any) error {
	t.Helper()
	payload, err := operation.Payload(op, request)
	must(t, err)
	reply, err := w.Invoke("control", payload)
	if e, ok := errors.AsType[messages.InvokeResponse_Error](err); ok {
		err = errors.New(e.Message)
	}
	if err == nil && out != nil {
		must(t, json.Unmarshal(reply, out))
	}
	return err
}

// entries are what pipelines have taken of an object of the zone raw.
func entries(t *testing.T, w *simulation.World, key string) []ledger.Entry {
	t.Helper()
	store := &ledger.Store{DB: w.DB, Table: w.Settings.LedgerTable}
	all, err := store.Entries(t.Context(), "test-raw", key, "")
	must(t, err)
	return all
}

// expireManifest deletes the manifest of a run, as its lifecycle rule does.
func expireManifest(t *testing.T, w *simulation.World, r run.Run) {
	t.Helper()
	_, err := w.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &w.Settings.LogsBucket, Key: new(strings.TrimPrefix(r.Trigger.Manifest, "s3://"+w.Settings.LogsBucket+"/"))})
	must(t, err)
}

// succeededWith checks that a run has succeeded with the given objects, and returns it.
func succeededWith(t *testing.T, w *simulation.World, id string, objects []ledger.Line) run.Run {
	t.Helper()
	r := w.Record(id).Run
	if diff := cmp.Diff(objects, manifest(t, w, r)); diff != "" || r.State != run.Succeeded {
		t.Errorf("run %s is %s, objects:\n%s", id, r.State, diff)
	}
	return r
}

// A retry of a batch's run has the same objects, and so has the run that redoes it, with
// the pipeline's newest version. Both write the manifest again if it has expired.
func TestRunOfABatchIsRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fails := true
		w := simulation.New(simulation.Config{Steps: func(simulation.Attempt) simulation.Step {
			if fails {
				return simulation.Step{ExitCode: 1}
			}
			return simulation.Step{}
		}})
		defer w.Close()
		w.Apply(batched("window: 1m"))
		w.Upload("many/a", "many/b")
		time.Sleep(2 * time.Minute)
		first := w.Wait(w.RunIDs()[0])
		time.Sleep(time.Minute)
		before := manifest(t, w, first.Run)
		if first.Run.State != run.Failed || len(before) != 2 {
			t.Fatalf("%s, manifest %v", first.Run.State, before)
		}
		fails = false
		expireManifest(t, w, first.Run)
		must(t, control(t, w, operation.Retry, operation.RetryRequest{RunID: first.Run.ID}, nil))
		time.Sleep(time.Hour)
		succeededWith(t, w, first.Run.ID, before)

		w.Apply(batched("window: 1m") + "priority: 3\n")
		var redone, same intake.Redone
		must(t, control(t, w, operation.Redo, intake.RedoRequest{RunID: first.Run.ID, RequestID: "1"}, &redone))
		must(t, control(t, w, operation.Redo, intake.RedoRequest{RunID: first.Run.ID, RequestID: "1"}, &same))
		if same.RunID != redone.RunID || redone.RunID == first.Run.ID {
			t.Errorf("runs %v and %v", redone, same)
		}
		time.Sleep(time.Hour)
		if r := succeededWith(t, w, redone.RunID, before); r.Version != 2 || r.Trigger.RedoOf != first.Run.ID {
			t.Errorf("run %+v", r)
		}
		e := entries(t, w, "many/a")
		b, err := (&ledger.Store{DB: w.DB, Table: w.Settings.LedgerTable}).Batch(t.Context(), e[0].Batch)
		must(t, err)
		if !slices.Equal(b.Runs, []string{first.Run.ID, redone.RunID}) {
			t.Errorf("the batch has runs %v", b.Runs)
		}
	})
}

// An object without a batch is in the ledger as well, with each run that had it.
func TestRunOfAnObjectIsRedone(t *testing.T) {
	t.Parallel()
	inBatches(t, one, func(t *testing.T, w *simulation.World) {
		w.Upload("in/a.csv", "in/a.csv")
		time.Sleep(time.Hour)
		id := w.RunIDs()[0]
		var redone intake.Redone
		must(t, control(t, w, operation.Redo, intake.RedoRequest{RunID: id, RequestID: "1"}, &redone))
		time.Sleep(time.Hour)
		r := w.Record(redone.RunID).Run
		if r.State != run.Succeeded || r.Trigger.Key != "in/a.csv" || r.Trigger.Version != "v-in/a.csv" {
			t.Errorf("run %+v", r)
		}
		if e := entries(t, w, "in/a.csv"); len(e) != 1 || !slices.Equal(e[0].Runs, []string{id, redone.RunID}) {
			t.Errorf("entries %+v", e)
		}
		for name, tt := range map[string]struct {
			request intake.RedoRequest
			want    string
		}{
			"unknown run":   {intake.RedoRequest{RunID: "x", RequestID: "1"}, "run x is not known"},
			"no request id": {intake.RedoRequest{RunID: id}, "has no requestId"},
		} {
			if err := control(t, w, operation.Redo, tt.request, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.Request(events.Request{RequestID: "r", Pipeline: "one"})
		time.Sleep(time.Hour)
		other := w.RunIDs()
		last := other[slices.IndexFunc(other, func(x string) bool { return w.Record(x).Run.Trigger.Kind == run.ByRequest })]
		if err := control(t, w, operation.Redo, intake.RedoRequest{RunID: last, RequestID: "1"}, nil); err == nil || !strings.Contains(err.Error(), "not started by objects") {
			t.Errorf("a run without objects: %v", err)
		}
	})
}

// An object that is given by hand is not started again by its event.
func TestObjectGivenByHand(t *testing.T) {
	t.Parallel()
	inBatches(t, upload+"triggers: [{s3: {bucket: raw, prefix: in/}}]\n", func(t *testing.T, w *simulation.World) {
		give := func(id string) {
			w.Put("in/x")
			w.Request(events.Request{RequestID: id, Pipeline: "upload", Object: &events.Object{URI: "s3://test-raw/in/x", Version: "v-in/x", Size: 7}})
		}
		give("1")
		give("1")
		w.Upload("in/x")
		time.Sleep(time.Hour)
		all := runs(w)
		if len(all) != 1 || all[0].State != run.Succeeded || all[0].Trigger.Key != "in/x" || all[0].Trigger.Size != 7 || all[0].Trigger.Kind != run.ByRequest {
			t.Fatalf("runs %+v", all)
		}
		give("2") // also if it was taken before
		time.Sleep(time.Hour)
		if n := len(runs(w)); n != 2 || len(entries(t, w, "in/x")[0].Runs) != 2 {
			t.Errorf("%d runs, entries %+v", n, entries(t, w, "in/x"))
		}
		w.Request(events.Request{RequestID: "3", Pipeline: "upload", Object: &events.Object{URI: "in/x"}})
		if !slices.ContainsFunc(runs(w), func(r run.Run) bool {
			return r.State == run.Rejected && strings.Contains(r.Reason, `invalid address "in/x"`)
		}) {
			t.Error("a wrong address was accepted")
		}
	})
}

// What no event has reported is fed, once: an event that comes later changes nothing, in
// a bucket without versions either.
func TestObjectsAreFed(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"batch": batched("window: 1m"), "no batch": strings.Replace(upload, "pipeline: upload", "pipeline: many\ntriggers: [{s3: {bucket: raw, prefix: many/}}]", 1)} {
		for _, version := range []string{"v", ""} {
			t.Run(name+" "+version, func(t *testing.T) {
				t.Parallel()
				inBatches(t, file, func(t *testing.T, w *simulation.World) {
					now := time.Now().UTC().Format(time.RFC3339)
					var fed []events.Object
					for i := range 50 {
						fed = append(fed, events.Object{URI: fmt.Sprintf("s3://test-raw/many/%d", i), Version: version, ETag: `"e"`, Size: 1, Time: now})
					}
					w.Deliver("events", created(w, "many/0", version, "e", "01", 1))
					fed = append(fed, events.Object{URI: "s3://test-raw/many/_SUCCESS", ETag: "e"}, events.Object{URI: "s3://test-raw/other/x", ETag: "e"})
					for range 2 {
						must(t, control(t, w, operation.Feed, intake.FeedRequest{Pipeline: "many", Objects: fed}, nil))
					}
					time.Sleep(10 * time.Second)
					w.Deliver("events", created(w, "many/1", version, "e", "02", 1))
					time.Sleep(3 * time.Hour)
					count := 0
					for _, r := range runs(w) {
						count += max(r.Trigger.Count, 1)
					}
					if count != 50 {
						t.Errorf("%d objects were taken, want 50", count)
					}
					w.Deliver("events", created(w, "many/1", version+"2", "e", "03", 1)) // later: another upload
					time.Sleep(time.Hour)
					count = 0
					for _, r := range runs(w) {
						count += max(r.Trigger.Count, 1)
					}
					if count != 51 {
						t.Errorf("%d objects were taken, want 51", count)
					}
				})
			})
		}
	}
}

func TestFeedRefuses(t *testing.T) {
	t.Parallel()
	inBatches(t, batched("window: 1m"), func(t *testing.T, w *simulation.World) {
		good := events.Object{URI: "s3://test-raw/many/a"}
		for name, tt := range map[string]struct {
			request intake.FeedRequest
			want    []string
		}{
			"unknown pipeline": {intake.FeedRequest{Pipeline: "x", Objects: []events.Object{good}}, []string{`pipeline "x" is not known`}},
			"nothing":          {intake.FeedRequest{Pipeline: "many"}, []string{"0 objects; send 1 to 500"}},
			"too many":         {intake.FeedRequest{Pipeline: "many", Objects: make([]events.Object, 501)}, []string{"501 objects"}},
			"all faults": {
				intake.FeedRequest{Pipeline: "many", Objects: []events.Object{good, {URI: "many/a"}, {URI: "s3://elsewhere/x"}, {URI: "s3://test-raw/x", Time: "noon"}}},
				[]string{`invalid address "many/a"`, `bucket "elsewhere" is neither`, `invalid time "noon"`},
			},
		} {
			err := control(t, w, operation.Feed, tt.request, nil)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v, want %q", name, err, want)
				}
			}
		}
	})
}
