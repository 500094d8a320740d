package publish_test

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/fault"
	"ephemr/internal/iceberg"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/tables"
	"ephemr/internal/publish"
	"ephemr/internal/run"
)

// Snapshots of the table that Spark has left: main is at before, and branch run-1 one commit after it.
const (
	oldest = 704078203856705563
	before = 2464037495580063618
	head   = 1976151827597903110
)

var icebergSpec = pipeline.Spec{Name: "p", Publish: &pipeline.Publish{Table: "ephemr.iceberg", Iceberg: true}}

// branched is a stage with the table, and run 1, whose checks have read snapshots.
func branched(t *testing.T, read string) *world {
	t.Helper()
	w := newWorld(t)
	objects, err := tables.Objects()
	if err != nil {
		t.Fatal(err)
	}
	for key, body := range objects {
		w.s3.Place("curated", key, []byte(strings.ReplaceAll(string(body), "s3://lake/", "s3://curated/")))
	}
	w.glue.Create(database, types.Table{Name: aws.String("iceberg"), TableType: aws.String("EXTERNAL_TABLE"), Parameters: map[string]string{
		"table_type": "ICEBERG", "metadata_location": "s3://curated/iceberg/metadata/00005-06aabc29-95eb-483c-8ef9-3542659f294d.metadata.json", "owner": "sales",
	}})
	time.Sleep(time.Minute)
	if _, ok, err := w.runs.Create(t.Context(), run.Run{ID: "1", Pipeline: "p", State: run.Running, Execution: "x", StartedAt: time.Now()}, &icebergSpec); !ok || err != nil {
		t.Fatal(ok, err)
	}
	jobs := []run.Job{{Name: "a", State: run.JobSucceeded}, {Name: "checks", Type: job.Quality, State: run.JobSucceeded, Outputs: map[string]string{job.SnapshotsOutput: read}}}
	if err := w.runs.PlanJobs(t.Context(), "1", jobs); err != nil {
		t.Fatal(err)
	}
	return w
}

// main is the snapshot that readers see.
func (w *world) main(t *testing.T) int64 {
	t.Helper()
	table, err := iceberg.Read(awsfake.Unobserved(t.Context()), w.glue, w.s3, database, "iceberg")
	if err != nil {
		t.Fatal(err)
	}
	id, _ := table.Branch(iceberg.Main)
	return id
}

// move moves main, as another client.
func (w *world) move(t *testing.T, id int64) {
	t.Helper()
	ctx := awsfake.Unobserved(t.Context())
	table, err := iceberg.Read(ctx, w.glue, w.s3, database, "iceberg")
	if err != nil {
		t.Fatal(err)
	}
	if err := table.SetMain(ctx, w.glue, w.s3, id); err != nil {
		t.Fatal(err)
	}
}

// Readers see the head of the branch, or what they saw before and why.
func TestPublishBranch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		read   string // by checks
		change func(*testing.T, *world)
		want   int64
		fails  fault.Name
		reason string
	}{
		"audited":               {read: strconv.Itoa(head), want: head},
		"no checks":             {want: head},
		"another table's":       {read: strconv.Itoa(head) + ",12", want: head},
		"main rolled back":      {strconv.Itoa(head), func(t *testing.T, w *world) { w.move(t, oldest) }, head, "", ""},
		"written after checks":  {strconv.Itoa(before), nil, before, fault.Data, "the checks have read snapshot 2464037495580063618"},
		"answer is lost":        {strconv.Itoa(head), func(_ *testing.T, w *world) { w.glue.LoseNext("UpdateTable", errTimedOut) }, head, "", ""},
		"call is refused":       {strconv.Itoa(head), func(_ *testing.T, w *world) { w.glue.FailNext("UpdateTable", errBusy) }, before, fault.Throttled, "another client has changed it"},
		"file is not written":   {strconv.Itoa(head), func(_ *testing.T, w *world) { w.s3.FailNext("PutObject", errReset) }, before, fault.Throttled, "not known yet"},
		"table is Hive's":       {strconv.Itoa(head), func(_ *testing.T, w *world) { w.glue.Create(database, types.Table{Name: aws.String("iceberg")}) }, 0, fault.InvalidInput, "is not an Iceberg table"},
		"branch does not exist": {strconv.Itoa(head), func(t *testing.T, w *world) { w.without(t, `"run-1"`, `"run-2"`) }, before, fault.Data, "no branch run-1"},
		"main has moved": {strconv.Itoa(head), func(t *testing.T, w *world) {
			w.without(t, `"parent-snapshot-id":2464037495580063618`, `"parent-snapshot-id":704078203856705563`)
		}, before, fault.Data, "main of ephemr.iceberg has moved to snapshot 2464037495580063618"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := branched(t, tt.read)
				if tt.change != nil {
					tt.change(t, w)
				}
				err := w.publish(t, "1")
				if nameOf(err) != tt.fails || err != nil && !strings.Contains(err.Error(), tt.reason) {
					t.Errorf("%v, want %q with %q", err, tt.fails, tt.reason)
				}
				if tt.want != 0 && w.main(t) != tt.want {
					t.Errorf("main is at %d, want %d", w.main(t), tt.want)
				}
			})
		})
	}
}

// without replaces text of the current metadata file.
func (w *world) without(t *testing.T, from, to string) {
	t.Helper()
	body := w.metadata(t)
	changed := strings.ReplaceAll(string(body), from, to)
	if changed == string(body) {
		t.Fatalf("no %s in %s", from, body)
	}
	w.s3.Place("curated", "iceberg/metadata/00005-06aabc29-95eb-483c-8ef9-3542659f294d.metadata.json", []byte(changed))
}

// metadata is the current metadata file.
func (w *world) metadata(t *testing.T) []byte {
	t.Helper()
	out, err := w.glue.GetTable(awsfake.Unobserved(t.Context()), &glue.GetTableInput{DatabaseName: aws.String(database), Name: aws.String("iceberg")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.s3.GetObject(awsfake.Unobserved(t.Context()), &s3.GetObjectInput{Bucket: aws.String("curated"), Key: aws.String(strings.TrimPrefix(out.Table.Parameters["metadata_location"], "s3://curated/"))})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// A call that is refused after the checks have passed is repeated, and publishes once.
func TestBranchIsPublishedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := branched(t, strconv.Itoa(head))
		w.glue.FailNext("UpdateTable", errBusy, errReset)
		w.glue.LoseNext("UpdateTable", errTimedOut)
		for range 5 {
			_ = w.publish(t, "1")
			time.Sleep(2 * run.Lease)
		}
		if w.main(t) != head || w.state(t, "1") != run.Published {
			t.Errorf("main is at %d and the run is %s", w.main(t), w.state(t, "1"))
		}
		var got struct {
			Log []struct {
				Snapshot int64 `json:"snapshot-id"`
			} `json:"snapshot-log"`
			Properties map[string]string `json:"properties"`
			Files      []any             `json:"metadata-log"`
		}
		if err := json.Unmarshal(w.metadata(t), &got); err != nil {
			t.Fatal(err)
		}
		if n := len(got.Log); n != 4 || got.Log[3].Snapshot != head || got.Properties["write.wap.enabled"] != "true" || len(got.Files) != 6 {
			t.Errorf("metadata: %+v", got)
		}
	})
}

// Undoing moves main back, and not over what other clients have committed.
func TestUndoBranch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := branched(t, strconv.Itoa(head))
		if err := w.publish(t, "1"); err != nil {
			t.Fatal(err)
		}
		w.move(t, oldest)
		if _, err := w.publisher.Undo(t.Context(), publish.UndoRequest{RunID: "1"}); err == nil || !strings.Contains(err.Error(), "another client has moved it") {
			t.Errorf("%v, want a refusal", err)
		}
		w.move(t, head)
		w.glue.LoseNext("UpdateTable", errTimedOut)
		got, err := w.publisher.Undo(t.Context(), publish.UndoRequest{RunID: "1"})
		if err != nil || got.Location != "snapshot "+strconv.Itoa(before) || w.main(t) != before || w.state(t, "1") != run.Undone {
			t.Errorf("%+v, %v; main is at %d and the run is %s", got, err, w.main(t), w.state(t, "1"))
		}
	})
}

// A run does not start if its jobs would write to main.
func TestReady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := branched(t, "")
		rec, err := w.runs.Load(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		ready := &publish.Tables{Glue: w.glue, S3: w.s3, Database: database}
		if err := ready.Ready(t.Context(), rec); err != nil {
			t.Error(err)
		}
		w.without(t, `"write.wap.enabled"`, `"write.other"`)
		if err := ready.Ready(t.Context(), rec); nameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), "SET TBLPROPERTIES ('write.wap.enabled' = 'true')") {
			t.Errorf("%v, want a refusal", err)
		}
	})
}
