package statemachines_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// Pipelines that wait for a person.
const (
	approvedOnly = "pipeline: approved\n" + onSmall + `limits: {deadline: 1h}
jobs:
  - {name: a, type: bash, source: a}
  - {name: b, type: bash, source: b, needs: [a], approve: {message: "rows: {{.Jobs.a.Outputs.rows}}", timeout: 12h}}
  - {name: c, type: bash, source: c, needs: [b]}`
	approved = approvedOnly + `
  - {name: undo, type: bash, source: u, needs: [c], when: failure}`
	release = "SubmitSteps JobsLeft SubmitSteps JobsLeft ReleaseCluster AwaitApproval Decided"
)

// tidied has a clean-up that runs whatever was decided.
var tidied = strings.Replace(approved, "{name: undo, type: bash, source: u, needs: [c], when: failure}", "{name: clean, type: bash, source: u, when: always}", 1)

var counted3 = simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Outputs: map[string]string{"rows": "3"}}})}

func decide(after time.Duration, request string) func(*simulation.World, string) {
	return func(w *simulation.World, id string) {
		time.Sleep(after)
		_, _ = w.Invoke("control", []byte(strings.ReplaceAll(request, "RUN", id)))
	}
}

var approveScenarios = []scenario{
	{
		name: "approved", pipeline: approved, config: counted3, during: decide(10*time.Hour, `{"op": "approve", "runId": "RUN", "by": "me"}`),
		want: ended{Path: path(begin, release, "CreateCluster", round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED c=SUCCEEDED undo=SKIPPED", Clusters: 2},
	},
	{
		name: "refused, and undone", pipeline: approved, config: counted3, during: decide(10*time.Hour, `{"op": "approve", "runId": "RUN", "refuse": true}`),
		want: ended{Path: path(begin, release, "CreateCluster", round, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=SUCCEEDED b=CANCELLED c=SKIPPED undo=SUCCEEDED", Clusters: 2},
	},
	{
		name: "refused, and nothing to undo", pipeline: approvedOnly, config: counted3, during: decide(10*time.Hour, `{"op": "approve", "runId": "RUN", "refuse": true}`),
		want: ended{Path: path(begin, release, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=SUCCEEDED b=CANCELLED c=SKIPPED", Clusters: 1},
	},
	{
		name: "no decision in time", pipeline: approved, config: counted3,
		want: ended{Path: path(begin, release, "CreateCluster", round, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "a=SUCCEEDED b=FAILED c=SKIPPED undo=SUCCEEDED", Clusters: 2},
	},
	{
		name: "cancelled meanwhile", pipeline: approved, config: counted3, during: decide(10*time.Hour, `{"op": "cancel", "runId": "RUN"}`),
		want: ended{Path: path(begin, round, round, "ReleaseCluster AwaitApproval", bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=SUCCEEDED b=SKIPPED c=SKIPPED undo=SKIPPED", Clusters: 1},
	},
	{
		name: "cancelled meanwhile: no clean-up", pipeline: tidied, config: counted3, during: decide(10*time.Hour, `{"op": "cancel", "runId": "RUN"}`),
		want: ended{Path: path(begin, round, round, "ReleaseCluster AwaitApproval", bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=SUCCEEDED b=SKIPPED c=SKIPPED clean=SKIPPED", Clusters: 1},
	},
	{
		name: "refused, and cleaned up", pipeline: tidied, config: counted3, during: decide(10*time.Hour, `{"op": "approve", "runId": "RUN", "refuse": true}`),
		want: ended{Path: path(begin, release, "CreateCluster", round, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=SUCCEEDED b=CANCELLED c=SKIPPED clean=SUCCEEDED", Clusters: 2},
	},
	{
		name: "the cluster is kept", pipeline: strings.Replace(approved, "timeout: 12h", "keep: true", 1), config: counted3, during: decide(20*time.Minute, `{"op": "approve", "runId": "RUN"}`),
		want: ended{Path: path(begin, round, round, "AwaitApproval Decided", round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED c=SUCCEEDED undo=SKIPPED", Clusters: 1},
	},
	{
		name: "the cluster is kept, and the deadline passes", pipeline: strings.Replace(approved, "timeout: 12h", "keep: true", 1), config: counted3,
		want: ended{Path: path(begin, round, round, "AwaitApproval", bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "a=SUCCEEDED b=SKIPPED c=SKIPPED undo=SKIPPED", Clusters: 1},
	},
	{
		name: "the first job waits: no cluster before", pipeline: "pipeline: first\n" + onSmall + "jobs: [{name: a, type: bash, source: a, approve: {}}]", during: decide(time.Hour, `{"op": "approve", "runId": "RUN", "job": "a"}`),
		want: ended{Path: path("PrepareRun Prepared AwaitApproval Decided CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name: "the first job is refused: no cluster at all", pipeline: "pipeline: first\n" + onSmall + "jobs: [{name: a, type: bash, source: a, approve: {}}]", during: decide(time.Hour, `{"op": "approve", "runId": "RUN", "refuse": true}`),
		want: ended{Path: "PrepareRun Prepared AwaitApproval Decided TerminateCluster FinishRun Outcome Failed", State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=CANCELLED"},
	},
	{
		name: "approved, then objects", pipeline: "pipeline: first\n" + onSmall + "waitFor: {objects: s3://test-raw/x, timeout: 1h}\njobs: [{name: a, type: bash, source: a, approve: {}}]",
		before: func(w *simulation.World) { w.Put("x") }, during: decide(time.Hour, `{"op": "approve", "runId": "RUN"}`),
		want: ended{Path: path("PrepareRun Prepared AwaitApproval Decided AwaitObjects CreateCluster", round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1},
	},
	{
		name: "approved while another job runs", pipeline: "pipeline: beside\n" + onSmall + "jobs: [{name: a, type: bash, source: a, approve: {}}, {name: b, type: bash, source: b}]",
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"b#1": {Takes: time.Hour}})}, during: decide(20*time.Minute, `{"op": "approve", "runId": "RUN"}`),
		want: ended{Path: path(begin, round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED", Clusters: 1},
	},
	{
		name: "approved, and no capacity on the first rung", pipeline: strings.Replace(approved, "profile: small", "profile: ladder", 1), config: counted3,
		during: func(w *simulation.World, id string) {
			time.Sleep(time.Hour)
			w.EMR.SetCapacity(simulation.LadderTypes[0], false)
			decide(0, `{"op": "approve", "runId": "RUN"}`)(w, id)
		},
		want: ended{Path: path(begin, release, "CreateCluster CreateCluster", round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED c=SUCCEEDED undo=SKIPPED", Clusters: 3},
	},
}

func TestApprove(t *testing.T) { t.Parallel(); runScenarios(t, approveScenarios) }

// A decision counts once; every other call says what happened.
func TestApproveRefusals(t *testing.T) {
	t.Parallel()
	inWorld(t, counted3, func(t *testing.T, w *simulation.World) {
		w.Apply(approved)
		w.Upload("in/a.csv")
		synctest.Wait()
		id := w.RunIDs()[0]
		refused := func(request, want string) {
			t.Helper()
			_, err := w.Invoke("control", []byte(strings.ReplaceAll(request, "RUN", id)))
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", request, err, want)
			}
		}
		refused(`{"op": "approve", "runId": "RUN"}`, "no job of run "+id+" waits for approval")
		refused(`{"op": "approve", "runId": "RUN", "job": "b"}`, "does not wait for approval; it is PENDING")
		refused(`{"op": "approve", "runId": "RUN", "job": "x"}`, "ephemr show "+id+" lists its jobs")
		time.Sleep(30 * time.Minute)
		if j := w.Record(id).Job("b"); !j.Awaiting() || j.Approval.Message != "rows: 3" || len(w.Open()) > 0 {
			t.Errorf("job b: %+v; clusters %v", j.Approval, w.Open())
		}
		if n := w.Mails(); len(n) != 1 || !strings.Contains(*n[0].Message, "rows: 3") {
			t.Errorf("%d notices", len(n))
		}
		control(t, w, `{"op": "approve", "runId": "`+id+`", "by": "arn:aws:iam::1:user/me", "why": "looks good"}`)
		refused(`{"op": "approve", "runId": "RUN", "job": "b", "refuse": true}`, "job b of run "+id+" was approved already, by arn:aws:iam::1:user/me at ")
		refused(`{"op": "approve", "runId": "RUN"}`, "no job of run "+id+" waits for approval; job b was approved, by arn:aws:iam::1:user/me at ")
		rec := w.Wait(id)
		refused(`{"op": "approve", "runId": "RUN"}`, "run "+id+" is SUCCEEDED already")
		if a := rec.Job("b").Approval; a.By != "arn:aws:iam::1:user/me" || a.Why != "looks good" || a.Decision != run.Approved {
			t.Errorf("recorded: %+v", a)
		}
	})
}
