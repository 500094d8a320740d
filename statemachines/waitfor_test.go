package statemachines_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

const (
	waiting = "pipeline: waiting\n" + onSmall + `limits: {deadline: 1h}
waitFor: {objects: "{{.Lake.raw}}/export/dt={{.LogicalDate}}/_SUCCESS", timeout: 4h}
jobs: [{name: a, type: bash, source: a}]`
	hold = "PrepareRun Prepared AwaitObjects"
)

var waitScenarios = []scenario{
	{
		name: "the object is there", pipeline: waiting,
		before: func(w *simulation.World) { w.Put("export/dt=2000-01-01/_SUCCESS") },
		want:   ended{Path: path(hold, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name: "the object comes later, after others", pipeline: waiting,
		during: func(w *simulation.World, _ string) {
			w.Put("export/dt=2000-01-01/_SUCCESSOR")
			w.Put("export/dt=2000-01-01/")
			time.Sleep(3 * time.Hour)
			w.Put("export/dt=2000-01-01/_SUCCESS")
		},
		want: ended{Path: path(hold, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name: "the object never comes", pipeline: waiting, calls: map[string]int{},
		during: func(w *simulation.World, _ string) { w.Put("export/dt=2000-01-01/_SUCCESSOR") },
		want:   ended{Path: path(hold, "FinishRun Outcome Failed"), State: run.Failed, Class: job.ClassTimeout, Jobs: "a=SKIPPED"},
	},
	{
		name: "any data below a prefix", pipeline: strings.Replace(waiting, "_SUCCESS", "", 1),
		during: func(w *simulation.World, _ string) {
			for _, key := range []string{"", "_temporary/0/x", ".hidden", "folder/"} {
				w.Put("export/dt=2000-01-01/" + key)
			}
			time.Sleep(time.Hour)
			w.Put("export/dt=2000-01-01/part-0.parquet")
		},
		want: ended{Path: path(hold, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name: "cancelled while it waits", pipeline: waiting, calls: map[string]int{},
		during: func(w *simulation.World, id string) {
			time.Sleep(time.Hour)
			_, _ = w.Invoke("control", []byte(`{"op": "cancel", "runId": "`+id+`"}`))
		},
		want: ended{Path: path(hold, "FinishRun Outcome Failed"), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=SKIPPED"},
	},
	{
		name: "listing is denied", pipeline: waiting,
		before: func(w *simulation.World) { w.S3.FailNext("ListObjectsV2", awsfake.Denied("s3:ListBucket")) },
		want:   ended{Path: path(hold, "FinishRun Outcome Failed"), State: run.Failed, Class: job.ClassPermission, Jobs: "a=SKIPPED"},
	},
	{
		name: "a passing error, and a crash after the waiter is written", pipeline: waiting,
		before: func(w *simulation.World) {
			w.Put("export/dt=2000-01-01/_SUCCESS")
			w.S3.FailNext("ListObjectsV2", errLost)
			w.Crash("DynamoDB:UpdateItem", true)
		},
		want: ended{Path: path(hold, "CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name: "nothing to wait for when no job is needed", pipeline: strings.Replace(waiting, "source: a}", "source: a, if: 'false'}", 1),
		want: ended{Path: "PrepareRun Prepared FinishRun Outcome Succeeded", State: run.Succeeded, Jobs: "a=SKIPPED"},
	},
}

func TestWaitFor(t *testing.T) { t.Parallel(); runScenarios(t, waitScenarios) }

// The time of a wait is not taken from the run's deadline, and is not given away.
func TestDeadlineAfterAWait(t *testing.T) {
	t.Parallel()
	for name, waits := range map[string]time.Duration{"short": 10 * time.Minute, "long": 3 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := simulation.Config{Steps: always(simulation.Step{Takes: 5 * time.Hour})}
			inWorld(t, c, func(t *testing.T, w *simulation.World) {
				w.Apply(waiting)
				w.Upload("in/a.csv")
				synctest.Wait()
				id := w.RunIDs()[0]
				if got := time.Until(w.Record(id).Run.Deadline); got != 5*time.Hour {
					t.Errorf("the deadline is in %s while it waits", got)
				}
				time.Sleep(waits)
				w.Put("export/dt=2000-01-01/_SUCCESS")
				rec := w.Wait(id)
				lasted := rec.Run.EndedAt.Sub(rec.Run.StartedAt)
				if diff := lasted - waits - time.Hour; diff < 0 || diff > 10*time.Minute || rec.Run.Class != job.ClassTimeout {
					t.Errorf("run ended %s after %s, having waited %s for objects", rec.Run.Class, lasted, waits)
				}
			})
		})
	}
}

// The reason names the object, and S3 is asked once a minute.
func TestWaitForSaysWhy(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		_, id := uploaded(t, w, waiting, nil)
		want := "waitFor: s3://test-raw/export/dt=2000-01-01/_SUCCESS did not exist within 4h0m0s"
		if diff := cmp.Diff(want, w.Record(id).Run.Reason); diff != "" {
			t.Error(diff)
		}
		if n := w.S3.Calls("ListObjectsV2"); n < 239 || n > 243 {
			t.Errorf("S3 was asked %d times in 4 hours", n)
		}
	})
}
