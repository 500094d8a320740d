package evidence_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/proof/chaos/evidence"
	"ephemr/internal/run"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// good is the evidence of no violation: a run by request, a failed one that was
// started manually, and an invalid request.
func good() *evidence.Evidence {
	arn := "arn:aws:states:us-east-1:000000000000:execution:m:h1"
	hand := run.ID("solo", start, run.ByManual, arn)
	cluster := func(id, runID string, steps ...evidence.Step) evidence.Cluster {
		return evidence.Cluster{ID: id, Name: run.ClusterName(runID, 1), State: "TERMINATED", Steps: steps}
	}
	work := func(state run.JobState, attempt int) []run.Job {
		return []run.Job{{Name: "work", State: state, Attempt: attempt, ClusterID: "j-1", ExitCode: new(0)}}
	}
	return &evidence.Evidence{
		Requests: []evidence.Request{
			{Kind: evidence.ByQueue, ID: "c1", Pipeline: "solo", Times: 2},
			{Kind: evidence.Manual, ID: "h1", Pipeline: "solo", Times: 1, Execution: arn},
			{Kind: evidence.Invalid, ID: "x1", Times: 1, Body: "{x1"},
		},
		Records: []*run.Record{
			{Run: run.Run{ID: "solo-1", State: run.Succeeded, Trigger: run.Trigger{Kind: run.ByRequest, RequestID: "c1"}}, Jobs: work(run.JobSucceeded, 2)},
			{Run: run.Run{ID: hand, State: run.Failed, Class: job.ClassJob, Trigger: run.Trigger{Kind: run.ByManual}, Execution: "retried"}, Jobs: work(run.JobFailed, 1)},
			{Run: run.Run{ID: "rejected-1", State: run.Rejected, Body: "{x1", Trigger: run.Trigger{Kind: run.ByRequest}}},
		},
		Clusters: []evidence.Cluster{
			cluster("j-1", "solo-1", evidence.Step{Name: "work#1"}, evidence.Step{Name: "work#2"}),
			cluster("j-2", hand, evidence.Step{Name: "work#1"}),
		},
		Lines: []evidence.Line{
			{Word: "begun", Run: "solo-1", Job: "work", Attempt: "1"},
			{Word: "begun", Run: "solo-1", Job: "work", Attempt: "2"},
			{Word: "done", Run: "solo-1", Job: "work", Attempt: "2"},
			{Word: "begun", Run: hand, Job: "work", Attempt: "1"},
		},
		Dead: map[string][]string{"requests": {"{x1", "{x1"}},
	}
}

// application is one of the first run's.
func application(attempt int, living bool) []evidence.Application {
	return []evidence.Application{{ID: "application_1_1", Cluster: "j-1", Run: "solo-1", Job: "work", Attempt: attempt, Living: living}}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		spoil func(e *evidence.Evidence)
		want  []string
	}{
		{"nothing wrong", func(*evidence.Evidence) {}, nil},
		{"a request without a run", func(e *evidence.Evidence) { e.Requests[0].ID = "c2" }, []string{evidence.OneRecord, evidence.OneRecord}},
		{"two runs for a request", func(e *evidence.Evidence) {
			twin := *e.Records[1]
			twin.Run.Trigger = e.Records[0].Run.Trigger
			e.Records = append(e.Records, &twin)
		}, []string{evidence.OneRecord}},
		{"a valid request rejected", func(e *evidence.Evidence) { e.Records[0].Run.State, e.Records[0].Jobs = run.Rejected, nil }, []string{evidence.OnlyInvalidRejected}},
		{"an invalid request that ran", func(e *evidence.Evidence) { e.Records[2].Run.State = run.Failed }, []string{evidence.OnlyInvalidRejected}},
		{"a run that hangs", func(e *evidence.Evidence) { e.Records[0].Run.State = run.Running }, []string{evidence.OneOutcome}},
		{"a job that hangs", func(e *evidence.Evidence) { e.Records[1].Jobs[0].State = run.JobRunning }, []string{evidence.OneOutcome}},
		{"a successful run with a failed job", func(e *evidence.Evidence) { e.Records[0].Jobs[0].State = run.JobFailed }, []string{evidence.OneOutcome}},
		{"two clusters at a moment", func(e *evidence.Evidence) { e.Overlaps = []string{"x"} }, []string{evidence.OneCluster}},
		{"two clusters of a name", func(e *evidence.Evidence) { e.Clusters[1].Name = e.Clusters[0].Name; e.Clusters[1].Steps = nil }, []string{evidence.OneCluster}},
		{"a step twice", func(e *evidence.Evidence) { e.Clusters[0].Steps[1].Name = "work#1" }, []string{evidence.OneStep}},
		{"an execution twice", func(e *evidence.Evidence) { e.Lines[1] = e.Lines[0] }, []string{evidence.OneExecution}},
		{"work not done", func(e *evidence.Evidence) { e.Lines[2].Attempt = "1" }, []string{evidence.WorkDone}},
		{"an application killed with its attempt", func(e *evidence.Evidence) { e.Applications = application(1, false) }, nil},
		{"an application of a killed runner", func(e *evidence.Evidence) {
			e.Applications = application(2, true)
			e.Records[0].Jobs[0].ExitCode = nil
		}, nil},
		{"an application that outlived its attempt", func(e *evidence.Evidence) { e.Applications = application(2, true) }, []string{evidence.Applications}},
		{"an application of a killed runner beside the next attempt", func(e *evidence.Evidence) {
			e.Applications = application(1, true)
		}, []string{evidence.Applications}},
		{"a cluster left", func(e *evidence.Evidence) { e.Clusters[0].State = "WAITING" }, []string{evidence.NothingLeft}},
		{"a waiter, a slot and an execution left", func(e *evidence.Evidence) {
			e.Left = evidence.Leftovers{Waiters: []string{"a"}, Slots: []string{"a"}, Executions: []string{"a"}}
		}, []string{evidence.NothingLeft, evidence.NothingLeft, evidence.NothingLeft}},
		{"a valid message in a dead-letter queue", func(e *evidence.Evidence) { e.Dead["events"] = []string{"{}"} }, []string{evidence.OnlyInvalidDead}},
		{"an invalid request that is lost", func(e *evidence.Evidence) { e.Dead = nil }, []string{evidence.OnlyInvalidDead}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := good()
			tt.spoil(e)
			var got []string
			for _, b := range evidence.Check(e) {
				got = append(got, b.Rule)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("rules broken (-want +got):\n%s\n%v", diff, evidence.Check(e))
			}
		})
	}
}

func TestUnsettled(t *testing.T) {
	t.Parallel()
	requests := []evidence.Request{{Kind: evidence.ByEvent, ID: "solo/a"}, {Kind: evidence.ByUpload, ID: "solo/b"}, {Kind: evidence.ByQueue, ID: "c"}}
	runs := []run.Run{
		{State: run.Failed, Trigger: run.Trigger{Kind: run.ByS3, Key: "solo/a"}},
		{State: run.Running, Trigger: run.Trigger{Kind: run.ByS3, Key: "solo/b"}},
	}
	if got := fmt.Sprint(evidence.Unsettled(requests, runs)); got != fmt.Sprint(requests[1:]) {
		t.Errorf("unsettled: %s", got)
	}
}
