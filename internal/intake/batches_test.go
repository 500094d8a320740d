package intake_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/ledger"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// batched is a pipeline whose runs take many objects.
func batched(batch string) string {
	return "pipeline: many\ntriggers: [{s3: {bucket: raw, prefix: many/, batch: {" + batch + "}}}]\n" +
		"cluster: {profile: small}\njobs: [{name: a, type: bash, source: a, args: ['{{.Trigger.Manifest}}', '{{.Trigger.Count}}', '{{.Trigger.Bytes}}']}]\n"
}

// inBatches runs f in a world with ticks and a pipeline with batches.
func inBatches(t *testing.T, file string, f func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{})
		defer w.Close()
		w.Apply(file)
		f(t, w)
	})
}

// created is S3's event about an object; without a version the bucket has none.
func created(w *simulation.World, key, version, etag, sequencer string, size int64) string {
	var d events.ObjectCreated
	d.Bucket.Name = w.Settings.Lake["raw"]
	d.Object.Key, d.Object.Size, d.Object.VersionID, d.Object.ETag, d.Object.Sequencer = key, size, version, etag, sequencer
	data, _ := json.Marshal(d) //nolint:errchkjson // texts and numbers
	event, _ := json.Marshal(events.Envelope{
		ID: "e", Source: events.SourceS3, DetailType: events.TypeObjectCreated, Time: time.Now().UTC().Truncate(time.Second), Detail: data,
	}) //nolint:errchkjson // texts and numbers
	return string(event)
}

// manifest is the list that a run was given.
func manifest(t *testing.T, w *simulation.World, r run.Run) (lines []ledger.Line) {
	t.Helper()
	key, ok := strings.CutPrefix(r.Trigger.Manifest, "s3://"+w.Settings.LogsBucket+"/")
	if !ok {
		t.Fatalf("run %s has the manifest %q", r.ID, r.Trigger.Manifest)
	}
	for s := bufio.NewScanner(bytes.NewReader(w.S3.Object(w.Settings.LogsBucket, key))); s.Scan(); {
		var l ledger.Line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if len(lines) != r.Trigger.Count {
		t.Errorf("run %s has %d objects and a manifest of %d", r.ID, r.Trigger.Count, len(lines))
	}
	return lines
}

// once checks that each of the object versions is in exactly one run.
func once(t *testing.T, w *simulation.World, want []string) {
	t.Helper()
	in := map[string][]string{}
	for _, r := range runs(w) {
		for _, l := range manifest(t, w, r) {
			name := strings.TrimPrefix(l.URI, "s3://test-raw/") + "@" + l.Version
			in[name] = append(in[name], r.ID)
		}
	}
	for _, name := range want {
		if len(in[name]) != 1 {
			t.Errorf("%s is in %d runs: %v", name, len(in[name]), in[name])
		}
		delete(in, name)
	}
	if len(in) > 0 {
		t.Errorf("objects that were not expected: %v", in)
	}
}

func TestBatchClosesByItsWindow(t *testing.T) {
	t.Parallel()
	for _, window := range []time.Duration{time.Second, time.Minute, 40 * time.Minute} {
		inBatches(t, batched("window: "+window.String()), func(t *testing.T, w *simulation.World) {
			began := time.Now()
			w.Upload("many/a", "many/b")
			time.Sleep(window / 2)
			w.Upload("many/c", "many/_SUCCESS", "many/_temporary/0/x", "other/d")
			time.Sleep(window/2 - 10*time.Millisecond)
			if ids := w.RunIDs(); len(ids) > 0 {
				t.Fatalf("window %s: runs %v before its end", window, ids)
			}
			time.Sleep(2 * time.Second)
			all := runs(w)
			if len(all) != 1 || all[0].Trigger.Count != 3 || all[0].Trigger.Bytes != 3 || !all[0].LogicalTime.Equal(began) {
				t.Fatalf("window %s: runs %+v", window, all)
			}
			w.Upload("many/late")
			time.Sleep(window + 2*time.Second)
			once(t, w, []string{"many/a@v-many/a", "many/b@v-many/b", "many/c@v-many/c", "many/late@v-many/late"})
			if n := len(w.RunIDs()); n != 2 {
				t.Errorf("window %s: %d runs, want 2", window, n)
			}
		})
	}
}

// 10,000 objects, of which a tenth is reported twice and a tenth late.
func TestEveryObjectIsInOneRun(t *testing.T) {
	t.Parallel()
	inBatches(t, batched("window: 1m, maxObjects: 3000"), func(t *testing.T, w *simulation.World) {
		var bodies, late, want []string
		for i := range 10_000 {
			key := fmt.Sprintf("many/%05d", i)
			body := created(w, key, "v", "", "", 2)
			want = append(want, key+"@v")
			if i%10 == 3 {
				late = append(late, body)
				continue
			}
			bodies = append(bodies, body)
			if i%10 == 7 {
				bodies = append(bodies, body)
			}
		}
		for some := range slices.Chunk(append(bodies, late...), 1000) {
			w.Deliver("events", some...)
			time.Sleep(5 * time.Second)
		}
		time.Sleep(3 * time.Minute)
		once(t, w, want)
		for _, r := range runs(w) {
			if r.Trigger.Count > 3000 {
				t.Errorf("run %s has %d objects", r.ID, r.Trigger.Count)
			}
		}
	})
}

// What no reminder closes, the tick does.
func TestTickClosesBatches(t *testing.T) {
	t.Parallel()
	inBatches(t, batched("window: 1m"), func(t *testing.T, w *simulation.World) {
		w.SQS.FailNext("SendMessage", errors.New("throttled"))
		w.Upload("many/a", "many/b")
		time.Sleep(3 * time.Minute)
		once(t, w, []string{"many/a@v-many/a", "many/b@v-many/b"})
	})
}

// An invocation may die before or after any of its calls.
func TestBatchSurvivesCrashes(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"DynamoDB:TransactWriteItems", "DynamoDB:UpdateItem", "DynamoDB:GetItem", "DynamoDB:Query", "S3:PutObject"} {
		for n := range 4 {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprint(op, n, after), func(t *testing.T) {
					t.Parallel()
					inBatches(t, batched("window: 1m, maxObjects: 3"), func(t *testing.T, w *simulation.World) {
						w.CrashAt(op, n, after)
						var want []string
						for i := range 7 {
							w.Upload(fmt.Sprintf("many/%d", i))
							want = append(want, fmt.Sprintf("many/%d@v-many/%[1]d", i))
							time.Sleep(time.Second)
						}
						time.Sleep(10 * time.Minute)
						once(t, w, want)
						for _, it := range w.DB.Items(w.Settings.LedgerTable) {
							if it[records.ClosingName] != nil {
								t.Errorf("batch %v has no run", it["id"])
							}
						}
					})
				})
			}
		}
	}
}

// maxObjects and maxBytes are upper bounds; an object that is larger than maxBytes is
// alone.
func TestBatchIsBounded(t *testing.T) {
	t.Parallel()
	inBatches(t, batched("window: 1m, maxBytes: 100"), func(t *testing.T, w *simulation.World) {
		var bodies []string
		for i, size := range []int64{40, 40, 40, 500, 10, 90, 1} {
			bodies = append(bodies, created(w, fmt.Sprintf("many/%d", i), "v", "", "", size))
		}
		w.Deliver("events", bodies...)
		time.Sleep(2 * time.Minute)
		var got []int64
		for _, r := range runs(w) {
			got = append(got, r.Trigger.Bytes)
		}
		slices.Sort(got)
		if want := []int64{1, 40, 80, 100, 500}; !slices.Equal(got, want) {
			t.Errorf("runs of %v bytes, want %v", got, want)
		}
	})
}

// A marker closes the batch when the events of the data have had time to arrive, whatever
// their order; a marker that is reported again closes nothing.
func TestMarkerClosesTheBatch(t *testing.T) {
	t.Parallel()
	const file = "marker: _SUCCESS, window: 1h"
	for name, order := range map[string][]string{
		"behind the data": {"many/a", "many/b", "many/_SUCCESS"},
		"between":         {"many/a", "many/_SUCCESS", "many/b"},
		"before the data": {"many/_SUCCESS", "many/a", "many/b"},
		"twice":           {"many/a", "many/b", "many/_SUCCESS", "many/_SUCCESS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBatches(t, batched(file), func(t *testing.T, w *simulation.World) {
				for _, key := range order {
					w.Upload(key)
					time.Sleep(2 * time.Second)
				}
				time.Sleep(ledger.Settle)
				once(t, w, []string{"many/a@v-many/a", "many/b@v-many/b"})
				if n := len(w.RunIDs()); n != 1 {
					t.Errorf("%d runs, want 1", n)
				}
				w.Upload("many/_SUCCESS", "many/late")
				time.Sleep(10 * time.Minute)
				if n := len(w.RunIDs()); n != 1 {
					t.Errorf("the first marker has closed the second batch: %d runs", n)
				}
				time.Sleep(time.Hour)
				once(t, w, []string{"many/a@v-many/a", "many/b@v-many/b", "many/late@v-many/late"})
			})
		})
	}
	inBatches(t, batched(file), func(t *testing.T, w *simulation.World) {
		w.Upload("many/_SUCCESS")
		time.Sleep(2 * time.Hour)
		if ids := w.RunIDs(); len(ids) > 0 {
			t.Errorf("a marker alone has started %v", ids)
		}
		w.Upload("many/a")
		time.Sleep(2 * time.Hour)
		once(t, w, []string{"many/a@v-many/a"})
	})
}

// A manifest closes the batch when everything has arrived that it lists.
func TestManifestClosesTheBatch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ body, early, late string }{
		"of Redshift":       {`{"entries": [{"url": "s3://test-raw/many/a", "mandatory": true}, {"url": "s3://test-raw/many/b"}]}`, "many/a", "many/b"},
		"JSON lines":        {`{"uri": "s3://test-raw/many/a"}` + "\n" + `{"key": "b"}`, "many/a", "many/b"},
		"addresses":         {"s3://test-raw/many/a\n\nb\n", "many/a", "many/b"},
		"before everything": {"a\nb\n", "", "many/b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBatches(t, batched(`manifest: "*.manifest", window: 1h`), func(t *testing.T, w *simulation.World) {
				put(t, w, "many/x.manifest", tt.body)
				if tt.early != "" {
					w.Upload(tt.early)
				}
				w.Upload("many/x.manifest")
				time.Sleep(time.Minute)
				if ids := w.RunIDs(); len(ids) > 0 {
					t.Fatalf("runs %v before all objects have arrived", ids)
				}
				if tt.early == "" {
					w.Upload("many/a")
				}
				w.Upload(tt.late)
				time.Sleep(time.Second)
				once(t, w, []string{"many/a@v-many/a", "many/b@v-many/b"})
			})
		})
	}
	for name, body := range map[string]string{"missing": "", "empty": "\n", "not JSON": "{\"uri\": 5}\n", "no address": "s3://\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBatches(t, batched(`manifest: "*.manifest", window: 10m`), func(t *testing.T, w *simulation.World) {
				if body != "" {
					put(t, w, "many/x.manifest", body)
				}
				w.Upload("many/a", "many/x.manifest")
				time.Sleep(9 * time.Minute)
				if ids := w.RunIDs(); len(ids) > 0 {
					t.Fatalf("runs %v", ids)
				}
				time.Sleep(2 * time.Minute)
				once(t, w, []string{"many/a@v-many/a"})
			})
		})
	}
}

func put(t *testing.T, w *simulation.World, key, body string) {
	t.Helper()
	_, err := w.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("test-raw"), Key: &key, Body: strings.NewReader(body)})
	must(t, err)
}

// Versions of a key are objects of their own, whether the bucket keeps them or not.
func TestVersionsInBatches(t *testing.T) {
	t.Parallel()
	inBatches(t, batched("window: 1m"), func(t *testing.T, w *simulation.World) {
		one, two := created(w, "many/a", "v1", "e", "01", 1), created(w, "many/a", "v2", "e", "02", 1)
		first, second := created(w, "many/b", "", "e", "01", 1), created(w, "many/b", "", "e", "02", 1)
		suspended := created(w, "many/c", "null", "e", "03", 1)
		w.Deliver("events", two, one, one, first, second, first, suspended, suspended)
		w.Deliver("events", two, second)
		time.Sleep(2 * time.Minute)
		w.Deliver("events", one, first, suspended)
		time.Sleep(2 * time.Minute)
		all := runs(w)
		if len(all) != 1 {
			t.Fatalf("%d runs", len(all))
		}
		var got []string
		for _, l := range manifest(t, w, all[0]) {
			got = append(got, l.URI+"@"+l.Version)
		}
		slices.Sort(got)
		want := []string{"s3://test-raw/many/a@v1", "s3://test-raw/many/a@v2", "s3://test-raw/many/b@", "s3://test-raw/many/b@", "s3://test-raw/many/c@null"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// Templates have up to 50 objects; with more, the run is rejected and names the manifest.
func TestObjectsInTemplates(t *testing.T) {
	t.Parallel()
	file := strings.Replace(batched("window: 1m"), "'{{.Trigger.Manifest}}'", "'{{.Trigger.Objects}}'", 1)
	for n, want := range map[int]run.State{1: run.Succeeded, 50: run.Succeeded, 51: run.Rejected} {
		inBatches(t, file, func(t *testing.T, w *simulation.World) {
			var keys, uris []string
			for i := range n {
				keys = append(keys, fmt.Sprintf("many/%03d", i))
				uris = append(uris, "s3://test-raw/"+keys[i])
			}
			w.Upload(keys...)
			time.Sleep(time.Hour)
			rec := w.Record(w.RunIDs()[0])
			if rec.Run.State != want {
				t.Fatalf("%d objects: %s: %s", n, rec.Run.State, rec.Run.Reason)
			}
			if want == run.Rejected {
				if !strings.Contains(rec.Run.Reason, "use {{.Trigger.Manifest}}") || len(w.Mails()) != 1 {
					t.Errorf("reason %s", rec.Run.Reason)
				}
				return
			}
			if got := rec.Context(stage.Settings{}).Trigger; got["Objects"] != strings.Join(uris, ",") || got["Count"] != fmt.Sprint(n) || got["Bytes"] != fmt.Sprint(n) {
				t.Errorf("templates see %v", got)
			}
		})
	}
}

// A paused pipeline collects its objects. Each batch that was closed meanwhile is one run
// after it has been resumed, whatever that says about dates.
func TestPausedPipelineCollects(t *testing.T) {
	t.Parallel()
	for _, catchup := range []pipeline.Catchup{"", pipeline.CatchupNone, pipeline.CatchupAll} {
		inBatches(t, batched("window: 1m"), func(t *testing.T, w *simulation.World) {
			must(t, control(t, w, operation.Pause, operation.PauseRequest{Pipeline: "many", Why: "test"}, nil))
			w.Upload("many/a", "many/b")
			time.Sleep(10 * time.Minute)
			w.Upload("many/c")
			time.Sleep(30 * time.Minute)
			if ids := w.RunIDs(); len(ids) > 0 {
				t.Fatalf("runs %v of a paused pipeline", ids)
			}
			must(t, control(t, w, operation.Resume, operation.ResumeRequest{Pipeline: "many", Catchup: catchup}, nil))
			time.Sleep(pausedAtMost)
			once(t, w, []string{"many/a@v-many/a", "many/b@v-many/b", "many/c@v-many/c"})
			if n := len(w.RunIDs()); n != 2 {
				t.Errorf("%d runs after resume --catchup %q, want one of each batch", n, catchup)
			}
		})
	}
}

// pausedAtMost is how long after the end of a pause batches are started at the latest.
const pausedAtMost = 6*time.Minute + 10*time.Second
