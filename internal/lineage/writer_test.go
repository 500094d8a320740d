package lineage_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/lineage"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// outbox fails so many times.
type outbox struct {
	fails int
	keys  []string
}

func (o *outbox) PutLineage(_ context.Context, key string) error {
	if o.fails--; o.fails >= 0 {
		return errors.New("throttled")
	}
	if !slices.Contains(o.keys, key) {
		o.keys = append(o.keys, key)
	}
	return nil
}

// TestOutboxFirst: an event has its item in the outbox before its object, which shows that
// nothing of it is missing; a stage without a server has no items.
func TestOutboxFirst(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"by HTTP": "https://m.example.com", "S3 only": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs := written(t)
			objects, box := awsfake.NewS3("logs"), &outbox{fails: 1}
			w := &lineage.Writer{Runs: runs, S3: objects, Outbox: box, Settings: stage.Settings{
				Stage: "dev", Account: "111122223333", LogsBucket: "logs", Lineage: stage.Lineage{HTTP: stage.LineageHTTP{URL: url}},
			}}
			err := w.Write(t.Context(), "r")
			if failed := err != nil && len(objects.Keys("logs")) == 0; failed != (url != "") {
				t.Errorf("%v, objects %q", err, objects.Keys("logs"))
			}
			for range 2 {
				if err := w.Write(t.Context(), "r"); err != nil {
					t.Error(err)
				}
			}
			want := objects.Keys("logs")
			if len(want) == 0 || !strings.HasPrefix(want[0], stage.LineagePrefix) {
				t.Errorf("objects %q", want)
			}
			if url == "" {
				want = nil
			}
			slices.Sort(box.keys)
			if diff := cmp.Diff(want, box.keys); diff != "" {
				t.Errorf("items (-want +got)\n%s", diff)
			}
		})
	}
}

// written are runs of which one has succeeded so far.
func written(t *testing.T) *store.Runs {
	t.Helper()
	runs := &store.Runs{Table: "runs", DB: awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{
		{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"},
	}})}
	at := time.Date(2026, 11, 30, 3, 0, 0, 0, time.UTC)
	var jobs []run.Job
	spec := pipeline.Spec{Name: "p"}
	for i := range 4 { // more events than are written without a listing
		n := fmt.Sprintf("j%d", i)
		spec.Jobs = append(spec.Jobs, pipeline.Job{Name: n, Type: job.Bash})
		jobs = append(jobs, run.Job{Name: n, Type: job.Bash, State: run.JobSucceeded, Attempt: 1, StartedAt: at, EndedAt: at})
	}
	if _, ok, err := runs.Create(t.Context(), run.Run{ID: "r", Pipeline: "p", State: run.Running, LogicalTime: at, RequestedAt: at, StartedAt: at}, &spec); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := runs.PlanJobs(t.Context(), "r", jobs); err != nil {
		t.Fatal(err)
	}
	return runs
}
