package intake_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
	"ephemr/internal/operation"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// A run whose object is deleted before it starts fails before it has a cluster, and names
// the object; when the object is restored, a retry goes on. Jobs that are given versions
// can still read them.
func TestObjectIsDeletedBeforeItsRun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trigger, keys string
		objects, gone []string
		want          string // of the reason; "" = it succeeds
	}{
		"the object":         {"", `, args: ["{{.Trigger.Object}}"]`, []string{"in/a"}, []string{"in/a"}, "1 of 1 objects of the run no longer exist: s3://test-raw/in/a;"},
		"by its key":         {"", `, env: {KEY: '{{index .Trigger "Key"}}'}`, []string{"in/a"}, []string{"in/a"}, "s3://test-raw/in/a"},
		"another like it":    {"", `, args: ["{{.Trigger.Object}}"]`, []string{"in/a"}, []string{"in/a", "in/a.csv"}, "s3://test-raw/in/a;"},
		"its version":        {"", `, args: ["{{.Trigger.Object}}", "{{.Trigger.VersionID}}"]`, []string{"in/a"}, []string{"in/a"}, ""},
		"not given to a job": {"", "", []string{"in/a"}, []string{"in/a"}, ""},
		"two of a batch":     {", batch: {window: 1m}", `, args: ["{{.Trigger.Objects}}"]`, []string{"in/a", "in/b", "in/c"}, []string{"in/a", "in/c"}, "2 of 3 objects of the run no longer exist: s3://test-raw/in/a, s3://test-raw/in/c;"},
		"many of a batch":    {", batch: {window: 1m}", `, args: ["{{.Trigger.Objects}}"]`, []string{"in/a", "in/b", "in/c", "in/d"}, []string{"in/a", "in/b", "in/c", "in/d"}, "s3://test-raw/in/c and others;"},
		"in a manifest":      {", batch: {window: 1m}", `, args: ["{{.Trigger.Manifest}}"]`, []string{"in/a", "in/b"}, []string{"in/a"}, ""},
		"it is still there":  {"", `, args: ["{{.Trigger.Object}}"]`, []string{"in/a"}, []string{"in/b"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(simulation.Config{})
				defer w.Close()
				w.Apply(writing(tt.trigger, tt.keys))
				var bodies []string
				for _, key := range tt.objects {
					bodies = append(bodies, w.Object(key))
				}
				for _, key := range tt.gone {
					_, err := w.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: new("test-raw"), Key: &key})
					must(t, err)
				}
				w.Deliver("events", bodies...)
				time.Sleep(time.Hour)
				id := w.RunIDs()[0]
				if tt.want == "" {
					succeeded(t, w, id)
					return
				}
				if r := w.Record(id).Run; r.State != run.Failed || r.Class != job.ClassInvalid || !strings.Contains(r.Reason, tt.want) || w.Made(id) != 0 {
					t.Errorf("run is %s (%s): %s; want %q", r.State, r.Class, r.Reason, tt.want)
				}
				for _, key := range tt.gone {
					w.Put(key)
				}
				must(t, control(t, w, operation.Retry, operation.RetryRequest{RunID: id}, nil))
				time.Sleep(time.Hour)
				succeeded(t, w, id)
			})
		})
	}
}

func succeeded(t *testing.T, w *simulation.World, id string) {
	t.Helper()
	if r := w.Record(id).Run; r.State != run.Succeeded {
		t.Errorf("run is %s: %s", r.State, r.Reason)
	}
}

var errAccess = errors.New("access denied")

// An object that cannot be looked for is not missing.
func TestObjectCannotBeLookedFor(t *testing.T) {
	t.Parallel()
	inBatches(t, writing("", `, args: ["{{.Trigger.Object}}"]`), func(t *testing.T, w *simulation.World) {
		w.S3.FailNext("ListObjectsV2", errAccess)
		w.Upload("in/a")
		time.Sleep(time.Hour)
		if r := runs(w)[0]; r.State != run.Succeeded {
			t.Errorf("run is %s: %s", r.State, r.Reason)
		}
	})
}
