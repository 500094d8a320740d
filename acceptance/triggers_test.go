package acceptance_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/engine"
	"ephemr/internal/run"
)

// succeeded checks what every good run leaves behind: each job done by one
// attempt, and a cluster that is gone or going.
func (w *world) succeeded(t *testing.T, rec *run.Record) {
	t.Helper()
	if rec.Run.State != run.Succeeded {
		data, _ := json.MarshalIndent(rec, "", " ") //nolint:errchkjson // for the message only
		t.Fatalf("run %s is %s (%s: %s)\n%s", rec.Run.ID, rec.Run.State, rec.Run.Class, rec.Run.Reason, data)
	}
	for _, j := range rec.Jobs {
		if j.State != run.JobSucceeded || j.ExitCode == nil || *j.ExitCode != 0 {
			t.Errorf("job %s is %s with exit code %v", j.Name, j.State, j.ExitCode)
		}
	}
	w.gone(t, rec)
}

// gone checks that no cluster of the run is left.
func (w *world) gone(t *testing.T, rec *run.Record) {
	t.Helper()
	for _, c := range rec.Clusters {
		if c.ID == "" {
			continue
		}
		out, err := w.emr.DescribeCluster(t.Context(), &emr.DescribeClusterInput{ClusterId: &c.ID})
		if err != nil {
			t.Fatal(err)
		}
		if cluster.State(out.Cluster.Status.State) != engine.Gone {
			t.Errorf("run %s is over but its cluster %s is %s", rec.Run.ID, c.ID, out.Cluster.Status.State)
		}
	}
}

// A file that is uploaded becomes a run that knows the file, whatever its name.
func TestUploadStartsRun(t *testing.T) {
	t.Parallel()
	w.apply(t, `pipeline: by-upload
cluster: {profile: small, stepConcurrency: 2}
triggers: [{s3: {bucket: raw, prefix: by-upload/, suffix: .csv}}]
limits: {maxActive: 4}
jobs:
  - {name: work, type: bash, source: jobs/work, args: ["{{.Trigger.Object}}", "{{.LogicalDate}}"]}
`, map[string]string{"work": `[ $# = 2 ] && aws s3 cp "$1" - | grep -q "content of" && echo "object=$1" >>"$EPHEMR_OUTPUT"`})
	for _, name := range []string{"plain.csv", "with space+plus &amp;.csv", "größe/日本.csv"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := "by-upload/" + nonce + "/" + name
			w.upload(t, key, "content of "+key)
			rec := w.end(t, w.find(t, "by-upload", byKey(key)).ID)
			w.succeeded(t, rec)
			if got, want := rec.Jobs[0].Outputs["object"], "s3://"+w.settings.Lake["raw"]+"/"+key; got != want {
				t.Errorf("the job was given %q, want %q", got, want)
			}
		})
	}
}

// A request on the queue becomes one run, however often it is sent.
func TestRequestStartsOneRun(t *testing.T) {
	t.Parallel()
	w.apply(t, bash("by-request", "params: {country: {default: pt, allowed: [pt, es]}}\n"), map[string]string{"work": "echo hi"})
	for range 3 {
		w.request(t, `{"requestId": "`+nonce+`", "pipeline": "by-request", "params": {"country": "es"}, "logicalTime": "2026-01-02"}`)
	}
	r := w.find(t, "by-request", byRequest(nonce))
	w.succeeded(t, w.end(t, r.ID))
	if !strings.HasPrefix(r.ID, "by-request-20260102T0000-") || r.Params["country"] != "es" || r.Trigger.Kind != run.ByRequest {
		t.Errorf("unexpected run %+v", r)
	}
	runs, err := w.runs.List(t.Context(), run.Query{Pipeline: "by-request", Limit: 100})
	same := slices.DeleteFunc(runs, func(x run.Run) bool { return !byRequest(nonce)(x) })
	if err != nil || len(same) != 1 {
		t.Errorf("%d runs, %v; want 1", len(same), err)
	}
}

// A schedule ticks once a minute: the run's logical time is the planned minute.
func TestScheduleStartsRun(t *testing.T) {
	t.Parallel()
	w.apply(t, bash("by-schedule", "triggers: [{schedule: \"* * * * *\"}]\nlimits: {maxActive: 1}\n"), map[string]string{"work": "echo tick"})
	begun := time.Now()
	r := w.find(t, "by-schedule", func(r run.Run) bool { return r.RequestedAt.After(begun) })
	// Without triggers it must fall silent again.
	w.apply(t, bash("by-schedule", ""), map[string]string{"work": "echo tick"})
	w.succeeded(t, w.end(t, r.ID))
	if r.Trigger.Kind != run.BySchedule || r.LogicalTime.Second() != 0 {
		t.Errorf("trigger %s at %s, want a schedule at a full minute", r.Trigger.Kind, r.LogicalTime)
	}
}

// An execution that somebody starts by hand becomes a run, and its states are
// those that the interpreter predicts.
func TestHandStartedExecution(t *testing.T) {
	t.Parallel()
	w.apply(t, bash("by-hand", ""), map[string]string{"work": "echo hi"})
	tests := []struct {
		name, input string
		status      types.ExecutionStatus
		state       run.State
		path        []string
	}{
		{
			"good", `{"pipeline": "by-hand", "logicalDate": "2026-01-02"}`, types.ExecutionStatusSucceeded, run.Succeeded,
			[]string{"PrepareRun", "Prepared", "CreateCluster", "SubmitSteps", "JobsLeft", "TerminateCluster", "FinishRun", "Outcome", "Succeeded"},
		},
		{
			"unknown pipeline", `{"pipeline": "by-hand-typo"}`, types.ExecutionStatusFailed, run.Rejected,
			[]string{"PrepareRun", "FinishRun", "Outcome", "Failed"},
		},
		{
			"unknown key", `{"pipelin": "by-hand"}`, types.ExecutionStatusFailed, run.Rejected,
			[]string{"PrepareRun", "FinishRun", "Outcome", "Failed"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			arn := w.start(t, tt.input)
			var got *sfn.DescribeExecutionOutput
			eventually(t, "the end of the execution", func() (bool, string) {
				var err error
				if got, err = w.sfn.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: &arn}); err != nil {
					t.Fatal(err)
				}
				return got.Status != types.ExecutionStatusRunning, string(got.Status)
			})
			if got.Status != tt.status {
				t.Errorf("the execution is %s, want %s", got.Status, tt.status)
			}
			if diff := cmp.Diff(tt.path, w.path(t, arn)); diff != "" {
				t.Errorf("path of states (-want +got):\n%s", diff)
			}
			if r := w.executed(t, arn); r.State != tt.state {
				t.Errorf("the run is %s (%s), want %s", r.State, r.Reason, tt.state)
			}
		})
	}
}

// executed returns the run of an execution.
func (w *world) executed(t *testing.T, arn string) run.Run {
	t.Helper()
	for _, state := range []run.State{run.Succeeded, run.Failed, run.Rejected, run.Cancelled} {
		runs, err := w.runs.List(t.Context(), run.Query{State: state, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range runs {
			if r.Execution == arn {
				return r
			}
		}
	}
	t.Fatalf("no run belongs to %s", arn)
	return run.Run{}
}

// path returns the states that an execution entered.
func (w *world) path(t *testing.T, arn string) []string {
	t.Helper()
	var path []string
	for p := sfn.NewGetExecutionHistoryPaginator(w.sfn, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			if e.StateEnteredEventDetails != nil {
				path = append(path, *e.StateEnteredEventDetails.Name)
			}
		}
	}
	return path
}
