package sweep_test

import (
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/sweep"
)

// stopped is the event of an execution.
func stopped(t *testing.T, e events.ExecutionStatus) json.RawMessage {
	t.Helper()
	detail, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(events.Envelope{Source: events.SourceStates, DetailType: events.TypeExecution, Detail: detail})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// eventOf is the event of an execution as Step Functions describes it.
func eventOf(t *testing.T, w *simulation.World, arn string) events.ExecutionStatus {
	t.Helper()
	x, err := w.SFN.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		t.Fatal(err)
	}
	return events.ExecutionStatus{ExecutionARN: arn, Name: *x.Name, Status: string(x.Status), StartDate: x.StartDate.UnixMilli(), Input: *x.Input}
}

// repaired is what sweep repaired because of an event.
func repaired(t *testing.T, w *simulation.World, e events.ExecutionStatus) []string {
	t.Helper()
	reply, err := w.Invoke("sweep", stopped(t, e))
	if err != nil {
		t.Errorf("sweep: %v", err)
	}
	var out sweep.Output
	if err := json.Unmarshal(reply, &out); err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, r := range out.Repairs {
		got = append(got, r.What+" "+r.RunID)
	}
	return got
}

// The event of a stopped execution ends its run and its cluster at once, and looks at nothing else.
func TestStoppedExecution(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(w *simulation.World) (arn string){
		"uploaded": func(w *simulation.World) string {
			w.Upload("in/a.csv")
			time.Sleep(10 * time.Minute)
			return w.Record(w.RunIDs()[0]).Run.Execution
		},
		"started by hand": func(w *simulation.World) string {
			arn := w.Start("mine", `{"pipeline": "one"}`)
			time.Sleep(10 * time.Minute)
			return arn
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inLongWorld(t, func(t *testing.T, w *simulation.World) {
				arn := start(w)
				id := w.RunIDs()[0]
				if got := repaired(t, w, eventOf(t, w, arn)); len(got) > 0 || w.Record(id).Run.State != run.Running {
					t.Fatalf("repairs %q of an execution that runs", got)
				}
				w.Stop(arn)
				synctest.Wait()
				event := eventOf(t, w, arn)
				before := w.EMR.AllCalls()["ListClusters"]
				if diff := cmp.Diff([]string{"run-finished " + id, "cluster-terminated " + id}, repaired(t, w, event)); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				if rec := w.Record(id); rec.Run.State != run.Cancelled || len(w.Open()) > 0 {
					t.Errorf("run is %s: %s; clusters %q", rec.Run.State, rec.Run.Reason, w.Open())
				}
				if n := w.EMR.AllCalls()["ListClusters"] - before; n > 0 {
					t.Errorf("%d calls of ListClusters", n)
				}
				if again := repaired(t, w, event); len(again) > 0 {
					t.Errorf("a second event repairs %q", again)
				}
				time.Sleep(10 * time.Minute)
				if left := w.Left(); len(left) > 0 {
					t.Errorf("left %q", left)
				}
			})
		})
	}
}

// A refusal of EMR leaves the cluster to the next sweep, and the run is ended all the same.
func TestStoppedExecutionThrottled(t *testing.T) {
	t.Parallel()
	inLongWorld(t, func(t *testing.T, w *simulation.World) {
		id, _ := begin(t, w)
		arn := w.Record(id).Run.Execution
		w.Stop(arn)
		synctest.Wait()
		w.EMR.FailNext("TerminateJobFlows", errors.New("throttled"))
		if diff := cmp.Diff([]string{"run-finished " + id}, repaired(t, w, eventOf(t, w, arn))); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		time.Sleep(2 * time.Minute)
		if diff := cmp.Diff([]string{"cluster-terminated " + id}, swept(t, w)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// Events of executions that are not a run's, or not a run's any more, change nothing; neither do invented ones.
func TestStoppedExecutionOfNoRun(t *testing.T) {
	t.Parallel()
	inLongWorld(t, func(t *testing.T, w *simulation.World) {
		id, _ := begin(t, w)
		arn := w.Record(id).Run.Execution
		input := `{"runId": "` + id + `"}`
		for name, e := range map[string]events.ExecutionStatus{
			"invented":          {ExecutionARN: arn, Name: id, Status: "ABORTED", Input: input},
			"another execution": {ExecutionARN: arn + "x", Name: id + "x", Status: "FAILED", Input: input},
			"of an unknown run": {ExecutionARN: arn + "y", Name: "y", Status: "TIMED_OUT", Input: `{"runId": "y"}`},
			"wrong input":       {ExecutionARN: arn + "z", Name: "z", Status: "FAILED", Input: `{"pipelin`},
			"input is left out": {ExecutionARN: arn + "z", Name: "z", Status: "FAILED"},
		} {
			if got := repaired(t, w, e); len(got) > 0 || w.Record(id).Run.State != run.Running {
				t.Errorf("%s: repairs %q, run is %s", name, got, w.Record(id).Run.State)
			}
		}
	})
}
