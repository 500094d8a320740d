package statemachines_test

import (
	"strings"
	"testing"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// Pipelines whose jobs depend on how others end.
const (
	cleaned = "pipeline: cleaned\n" + onSmall + `jobs:
  - {name: clean, type: bash, source: c, when: always}
  - {name: a, type: bash, source: a, retries: 1}
  - {name: b, type: bash, source: b, needs: [a]}`
	undone = "pipeline: undone\n" + onSmall + `jobs:
  - {name: a, type: bash, source: a}
  - {name: b, type: bash, source: b, needs: [a]}
  - {name: undo, type: bash, source: u, needs: [b], when: failure}
  - {name: report, type: bash, source: r, when: failure}`
)

var failure = simulation.Step{ExitCode: 3}

var conditionScenarios = []scenario{
	{
		name: "a clean-up after success", pipeline: cleaned,
		want: ended{Path: path(begin, round, round, round, good), State: run.Succeeded, Jobs: "clean=SUCCEEDED a=SUCCEEDED b=SUCCEEDED", Clusters: 1},
	},
	{
		name: "a clean-up after the last retry of a failure", pipeline: cleaned,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": failure, "a#2": failure})},
		want:   ended{Path: path(begin, round, round, round, bad), State: run.Failed, Class: job.ClassJob, Jobs: "clean=SUCCEEDED a=FAILED b=SKIPPED", Clusters: 1},
	},
	{
		name: "a clean-up that fails makes the run fail", pipeline: cleaned,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"clean#1": failure})},
		want:   ended{Path: path(begin, round, round, round, bad), State: run.Failed, Class: job.ClassJob, Jobs: "clean=FAILED a=SUCCEEDED b=SUCCEEDED", Clusters: 1},
	},
	{
		name: "the first failure is the run's, not that of the clean-up", pipeline: cleaned,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {ExitCode: 1, Class: job.ClassData, Reason: "rows 0"}, "clean#1": failure})},
		want:   ended{Path: path(begin, round, round, bad), State: run.Failed, Class: job.ClassData, Jobs: "clean=FAILED a=FAILED b=SKIPPED", Clusters: 1},
	},
	{
		name: "a job that cannot be filled in, and a clean-up",
		pipeline: "pipeline: tmpl\n" + onSmall + `jobs:
  - {name: a, type: bash, source: a, needs: [z], args: ["{{.Jobs.z.Outputs.rows}}"]}
  - {name: z, type: bash, source: z}
  - {name: clean, type: bash, source: c, when: always, args: ['{{.Jobs.a.State}}', '{{index .Jobs.a.Outputs "n" | default "0"}}']}`,
		want: ended{Path: path(begin, round, round, bad), State: run.Failed, Class: job.ClassInvalid, Jobs: "a=FAILED z=SUCCEEDED clean=SUCCEEDED", Clusters: 1},
	},
	{
		name: "nothing to undo", pipeline: undone,
		want: ended{Path: path(begin, round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED undo=SKIPPED report=SKIPPED", Clusters: 1},
	},
	{
		name: "a failure further up is undone", pipeline: undone,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": failure})},
		want:   ended{Path: path(begin, round, round, round, bad), State: run.Failed, Class: job.ClassJob, Jobs: "a=FAILED b=SKIPPED undo=SUCCEEDED report=SUCCEEDED", Clusters: 1},
	},
	{
		name: "cancelled: it cleans up", pipeline: cleaned,
		during: func(w *simulation.World, id string) {
			time.Sleep(5*time.Minute + 30*time.Second)
			_, _ = w.Invoke("control", []byte(`{"op": "cancel", "runId": "`+id+`"}`))
		},
		want: ended{Path: path(begin, stopped, round, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "clean=SUCCEEDED a=CANCELLED b=SKIPPED", Clusters: 1},
	},
	{
		name: "killed: no clean-up", pipeline: cleaned,
		during: func(w *simulation.World, id string) {
			time.Sleep(5*time.Minute + 30*time.Second)
			_, _ = w.Invoke("control", []byte(`{"op": "cancel", "runId": "`+id+`", "kill": true}`))
		},
		want: ended{Path: path(begin, stopped, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "clean=SKIPPED a=CANCELLED b=SKIPPED", Clusters: 1},
	},
	{
		name: "killed while it cleans up", pipeline: cleaned,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"clean#1": {Takes: time.Hour}})},
		during: func(w *simulation.World, id string) {
			for _, op := range []string{`"kill": false`, `"kill": true`} {
				time.Sleep(5*time.Minute + 30*time.Second)
				_, _ = w.Invoke("control", []byte(`{"op": "cancel", "runId": "`+id+`", `+op+`}`))
			}
		},
		want: ended{Path: path(begin, stopped, stopped, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "clean=CANCELLED a=CANCELLED b=SKIPPED", Clusters: 1},
	},
	{
		name: "a clean-up takes too long", pipeline: cleaned,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Takes: 5 * time.Hour}, "clean#1": {Takes: time.Hour}})},
		want:   ended{Path: path(begin, stopped, stopped, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "clean=CANCELLED a=CANCELLED b=SKIPPED", Clusters: 1},
	},
	{
		name: "a long clean-up keeps its cluster", pipeline: cleaned + "\nlimits: {cleanUp: 1h}",
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Takes: 5 * time.Hour}, "clean#1": {Takes: 50 * time.Minute}})},
		want:   ended{Path: path(begin, stopped, round, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "clean=SUCCEEDED a=CANCELLED b=SKIPPED", Clusters: 1},
	},
	{
		name: "a long clean-up keeps its lease", pipeline: strings.Replace(cleaned, "profile: small", "profile: small, pool: p, keepAlive: 5m", 1) + "\nlimits: {cleanUp: 1h}",
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Takes: 5 * time.Hour}, "clean#1": {Takes: 50 * time.Minute}})},
		want:   ended{Path: path(begin, stopped, round, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "clean=SUCCEEDED a=CANCELLED b=SKIPPED", Clusters: 1},
	},
	{
		name: "a clean-up after the deadline fails", pipeline: cleaned,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Takes: 5 * time.Hour}, "clean#1": failure})},
		want:   ended{Path: path(begin, stopped, round, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "clean=FAILED a=CANCELLED b=SKIPPED", Clusters: 1},
	},
	{
		name: "cancelled, and undone", pipeline: undone,
		during: func(w *simulation.World, id string) {
			time.Sleep(5*time.Minute + 30*time.Second)
			_, _ = w.Invoke("control", []byte(`{"op": "cancel", "runId": "`+id+`"}`))
		},
		want: ended{Path: path(begin, stopped, round, round, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=CANCELLED b=SKIPPED undo=SUCCEEDED report=SUCCEEDED", Clusters: 1},
	},
	{
		name: "the cluster dies: no clean-up", pipeline: cleaned,
		config: simulation.Config{DiesAfter: func(string) time.Duration { return 30 * time.Second }},
		want:   ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassLost, Jobs: "clean=SKIPPED a=FAILED b=SKIPPED", Clusters: 1},
	},
	{
		name: "the deadline passes: it cleans up", pipeline: cleaned,
		config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Takes: 5 * time.Hour}})},
		want:   ended{Path: path(begin, stopped, round, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "clean=SUCCEEDED a=CANCELLED b=SKIPPED", Clusters: 1},
	},
}

// Pipelines with conditions on what is known before any cluster, and on outputs.
const (
	byKind = "pipeline: bykind\n" + onSmall + `jobs:
  - {name: a, type: bash, source: a, if: '{{eq .Trigger.Kind "schedule"}}', args: ["{{.Trigger.RequestID}}"]}
  - {name: b, type: bash, source: b, needs: [a]}
  - {name: clean, type: bash, source: c, when: always}
  - {name: undo, type: bash, source: c, when: failure, needs: [b]}
  - {name: last, type: bash, source: c, needs: [clean]}`
	byOutput = "pipeline: byoutput\n" + onSmall + `jobs:
  - {name: a, type: bash, source: a}
  - {name: b, type: bash, source: b, needs: [a], if: '{{gt (int .Jobs.a.Outputs.rows) 0}}'}
  - {name: c, type: bash, source: c, needs: [b]}
  - {name: d, type: bash, source: d, needs: [b], when: always}`
)

func rows(n string) simulation.Config {
	return simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {Outputs: map[string]string{"rows": n}}, "d#1": {Takes: 3 * time.Minute}})}
}

var ifScenarios = []scenario{
	{
		name: "nothing is needed: no cluster", pipeline: byKind, calls: map[string]int{},
		want: ended{Path: "PrepareRun Prepared FinishRun Outcome Succeeded", State: run.Succeeded, Jobs: "a=SKIPPED b=SKIPPED clean=SKIPPED undo=SKIPPED last=SKIPPED"},
	},
	{
		name: "a part is needed", pipeline: byKind + "\n  - {name: x, type: bash, source: x, if: 'true'}",
		want: ended{Path: path(begin, round, round, round, good), State: run.Succeeded, Jobs: "a=SKIPPED b=SKIPPED clean=SUCCEEDED undo=SKIPPED last=SUCCEEDED x=SUCCEEDED", Clusters: 1},
	},
	{
		name: "an output says yes", pipeline: byOutput, config: rows("3"),
		want: ended{Path: path(begin, round, round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED c=SUCCEEDED d=SUCCEEDED", Clusters: 1},
	},
	{
		name: "an output says no", pipeline: byOutput, config: rows("0"),
		want: ended{Path: path(begin, round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SKIPPED c=SKIPPED d=SUCCEEDED", Clusters: 1},
	},
	{
		name: "an output that is no number", pipeline: byOutput, config: rows("many"),
		want: ended{Path: path(begin, round, round, bad), State: run.Failed, Class: job.ClassInvalid, Jobs: "a=SUCCEEDED b=FAILED c=SKIPPED d=SUCCEEDED", Clusters: 1},
	},
	{
		name: "what the condition depends on fails", pipeline: byOutput, config: simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": failure})},
		want: ended{Path: path(begin, round, round, bad), State: run.Failed, Class: job.ClassJob, Jobs: "a=FAILED b=SKIPPED c=SKIPPED d=SUCCEEDED", Clusters: 1},
	},
}

func TestConditionsOnValues(t *testing.T) { t.Parallel(); runScenarios(t, ifScenarios) }

// A run for which no job was needed is a success with nothing to do, and says why.
func TestNothingNeeded(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		_, id := uploaded(t, w, byKind, nil)
		rec := w.Record(id)
		if !rec.Run.NothingToDo || rec.Run.CostUSD > 0.001 { // only the control plane
			t.Errorf("run %+v", rec.Run)
		}
		for i, want := range []string{
			`its condition is false: {{eq .Trigger.Kind "schedule"}}`, "it needs a, which is SKIPPED", "no other job was needed", "nothing that it needs failed", "it needs clean, which is SKIPPED",
		} {
			if got := rec.Jobs[i]; got.Reason != want || !got.Unneeded {
				t.Errorf("job %s was skipped: %s (unneeded %t), want %s", got.Name, got.Reason, got.Unneeded, want)
			}
		}
	})
}

func TestConditions(t *testing.T) { t.Parallel(); runScenarios(t, conditionScenarios) }

// A retry keeps what succeeded, and cleans up again after the rest.
func TestRetryCleansUpAgain(t *testing.T) {
	t.Parallel()
	config := simulation.Config{Steps: steps(map[string]simulation.Step{"b#1": failure})}
	inWorld(t, config, func(t *testing.T, w *simulation.World) {
		got, id := uploaded(t, w, cleaned, nil)
		if got.State != run.Failed || got.Jobs != "clean=SUCCEEDED a=SUCCEEDED b=FAILED" {
			t.Fatalf("run is %+v", got)
		}
		control(t, w, `{"op": "retry", "runId": "`+id+`"}`)
		time.Sleep(time.Hour)
		rec := w.Record(id)
		var attempts []string
		for _, j := range rec.Jobs {
			attempts = append(attempts, run.StepName(j.Name, j.Attempt)+"="+string(j.State))
		}
		if want := "clean#2=SUCCEEDED a#1=SUCCEEDED b#2=SUCCEEDED"; rec.Run.State != run.Succeeded || strings.Join(attempts, " ") != want || len(w.Left()) > 0 {
			t.Errorf("run is %s: %v, want %s; left %q", rec.Run.State, attempts, want, w.Left())
		}
	})
}

// A job waits for its next attempt, without a function that waits, and others go on.
func TestRetryDelays(t *testing.T) {
	t.Parallel()
	const delayed = "pipeline: delayed\n" + onSmall + `jobs:
  - {name: a, type: bash, source: a, retries: 2, retryDelay: {delay: 10m, factor: 2}}
  - {name: b, type: bash, source: b}
  - {name: c, type: bash, source: c, needs: [a]}`
	twice := map[string]simulation.Step{"a#1": failure, "a#2": failure}
	long := map[string]simulation.Step{"a#1": failure, "a#2": failure, "b#1": {Takes: time.Hour}}
	for _, s := range []scenario{
		{
			name: "alone in the end", pipeline: delayed, config: simulation.Config{Steps: steps(twice)},
			want: ended{
				Path:  path(begin, round, round, round, round, good), // a#1 and b, a#2, a#3, c
				State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED c=SUCCEEDED", Clusters: 1,
			},
		},
		{
			name: "while another job runs", pipeline: delayed, config: simulation.Config{Steps: steps(long)},
			want: ended{Path: path(begin, round, round, round, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED b=SUCCEEDED c=SUCCEEDED", Clusters: 1},
		},
		{
			name: "cancelled before it is due", pipeline: delayed, config: simulation.Config{Steps: steps(twice)},
			during: func(w *simulation.World, id string) {
				time.Sleep(10 * time.Minute)
				_, _ = w.Invoke("control", []byte(`{"op": "cancel", "runId": "`+id+`"}`))
			},
			want: ended{Path: path(begin, stopped, bad), State: run.Cancelled, Class: job.ClassCancelled, Jobs: "a=FAILED b=SUCCEEDED c=SKIPPED", Clusters: 1},
		},
		{
			name: "the deadline passes before it is due", pipeline: strings.Replace(delayed, "jobs:", "limits: {deadline: 12m}\njobs:", 1), config: simulation.Config{Steps: steps(twice)},
			want: ended{Path: path(begin, stopped, bad), State: run.Failed, Class: job.ClassTimeout, Jobs: "a=FAILED b=SUCCEEDED c=SKIPPED", Clusters: 1},
		},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, s.config, func(t *testing.T, w *simulation.World) {
				got, id := uploaded(t, w, s.pipeline, s.during)
				compare(t, w, id, s.want, got)
			})
		})
	}
}

// While a delay lasts the record says until when, and EMR is not asked for anything.
func TestDelayedRetryCostsNothing(t *testing.T) {
	t.Parallel()
	const delayed = "pipeline: delayed\n" + onSmall + "jobs: [{name: a, type: bash, source: a, retries: 1, retryDelay: 45m}]"
	inWorld(t, simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": failure})}, func(t *testing.T, w *simulation.World) {
		w.Apply(delayed)
		w.Upload("in/a.csv")
		time.Sleep(15 * time.Minute)
		id := w.RunIDs()[0]
		j := w.Record(id).Jobs[0]
		if wait := j.DueAt.Sub(j.EndedAt); j.State != run.JobPending || wait < 45*time.Minute || wait > 54*time.Minute {
			t.Errorf("job is %s, due %s after its end", j.State, wait)
		}
		before, _ := w.Calls()
		time.Sleep(25 * time.Minute)
		if after, _ := w.Calls(); simulation.Sum(after) != simulation.Sum(before) {
			t.Errorf("calls while it waits: %v, before %v", after, before)
		}
		rec := w.Wait(id)
		again := w.EMR.Steps(rec.Clusters[0].ID)
		if began := *again[1].Status.Timeline.StartDateTime; began.Before(j.DueAt) || began.After(j.DueAt.Add(2*time.Minute)) || rec.Run.State != run.Succeeded {
			t.Errorf("run is %s; the retry began at %s, due %s", rec.Run.State, began, j.DueAt)
		}
	})
}
