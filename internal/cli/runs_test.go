package cli_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/pipelines"
	"ephemr/internal/cli/runs"
	"ephemr/internal/cli/show"
	"ephemr/internal/job"
	"ephemr/internal/run"
)

func (w *world) listPipelines(asJSON bool) error {
	return pipelines.Run(w.t.Context(), pipelines.Options{JSON: asJSON}, w.io, w.db, w.settings.PipelinesTable)
}

// history is a run of every state, an hour apart.
func (w *world) history() {
	w.t.Helper()
	now := time.Now()
	for i, s := range run.States {
		at := now.Add(time.Duration(i-10) * time.Hour)
		r := run.Run{
			ID: fmt.Sprintf("flights-%s-%08d", at.UTC().Format("20060102T1504"), i), Pipeline: "flights", State: s,
			Trigger: run.Trigger{Kind: run.BySchedule}, LogicalTime: at, RequestedAt: at,
		}
		if s != run.Queued && s != run.Rejected {
			r.AdmittedAt = at.Add(time.Minute)
		}
		if s.Final() {
			r.EndedAt = at.Add(12*time.Minute + 3*time.Second)
		}
		if s == run.Failed || s == run.Rejected {
			r.Class, r.Reason, r.CostUSD = job.ClassJob, "job clean: the program ended\nwith exit code 3 and it had a long story to tell about it", 0.5
		}
		if s == run.Cancelled {
			r.Pipeline, r.ID = "other", "other-"+r.ID[8:]
		}
		w.made(w.runs.Create(w.t.Context(), r, &twoJobs))
	}
}

func TestRuns(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]runs.Options{
		"all":      {Limit: 20},
		"limit":    {Limit: 2},
		"pipeline": {Pipeline: "flights", Limit: 20},
		"state":    {State: "failed", Limit: 20},
		"none":     {Pipeline: "nothing", State: "failed", Limit: 20},
		"narrow":   {Limit: 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.history()
				if name == "narrow" {
					w.io.Width = 120
				}
				w.no(runs.Run(t.Context(), o, w.io, w.runs))
				w.golden("runs-" + name)
			})
		})
	}
}

func TestRunsJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.history()
		w.no(runs.Run(t.Context(), runs.Options{Limit: 3, JSON: true}, w.io, w.runs))
		var got []run.Run
		w.no(json.Unmarshal([]byte(w.out.String()), &got))
		if len(got) != 3 || got[0].State != run.Rejected || !got[0].RequestedAt.After(got[2].RequestedAt) {
			t.Errorf("got %+v", got)
		}
	})
	w := newWorld(t)
	w.no(runs.Run(t.Context(), runs.Options{Limit: 3, JSON: true}, w.io, w.runs))
	if w.out.String() != "[]\n" {
		t.Errorf("got %q, want an empty array", w.out.String())
	}
}

func TestRunsRejects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, o := range []runs.Options{{State: "done", Limit: 1}, {Limit: 0}} {
		if err := runs.Run(t.Context(), o, w.io, w.runs); exit.CodeOf(err) != exit.CodeUsage {
			t.Errorf("%+v: got %v, want exit code 2", o, err)
		}
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.failedRun()
		w.no(show.Run(t.Context(), show.Options{RunID: id}, w.io, w.runs))
		w.golden("show")
		contains(t, w.out.String(), "FAILED", "job publish", "CLUSTER", "no such column", "rows >= 1000", "cleaned=1000", "0.01 USD")
		contains(t, w.err.String(), "ephemr logs "+id+" publish")
	})
}

// The date of a run is that of its zone.
func TestShowDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC)
	w.made(w.runs.Create(t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, LogicalDate: "2026-07-01", Timezone: "Europe/Lisbon", RequestedAt: at}, &twoJobs))
	w.no(show.Run(t.Context(), show.Options{RunID: "flights-1"}, w.io, w.runs))
	contains(t, w.out.String(), "logical    2026-06-30 23:30:00Z, 2026-07-01 in Europe/Lisbon\n")
}

// A success without work is shown as such.
func TestShowNothingToDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		at := time.Now()
		w.made(w.runs.Create(t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
		w.begin("flights-1", run.Job{Name: "clean", Type: job.Spark, State: run.JobPending})
		w.over("flights-1", w.submit("flights-1", "clean", 1), job.NothingToDo, false)
		w.end("flights-1", run.Outcome{State: run.Succeeded, NothingToDo: true})
		w.no(show.Run(t.Context(), show.Options{RunID: "flights-1"}, w.io, w.runs))
		w.no(runs.Run(t.Context(), runs.Options{Pipeline: "flights", Limit: 1}, w.io, w.runs))
		w.golden("show-idle")
		contains(t, w.out.String(), "flights-1 SUCCEEDED\n\nreason     nothing to do\n", "s-clean  nothing to do\n", "0.01 USD  nothing to do\n")
	})
}

func TestShowJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.failedRun()
		w.no(show.Run(t.Context(), show.Options{RunID: id, JSON: true}, w.io, w.runs))
		var rec run.Record
		w.no(json.Unmarshal([]byte(w.out.String()), &rec))
		if len(rec.Jobs) != 2 || len(rec.Jobs[0].Background) != 2 {
			t.Errorf("the record does not name the processes in the background: %+v", rec.Jobs)
		}
		if rec.Run.ID != id || len(rec.Jobs) != 2 || len(rec.Clusters) != 1 {
			t.Errorf("got %+v", rec)
		}
	})
}

func TestShowUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	err := show.Run(t.Context(), show.Options{RunID: "x"}, w.io, w.runs)
	if exit.CodeOf(err) != exit.CodeUsage || err.Error() != "run x not found; list runs with: ephemr runs" {
		t.Errorf("got %v", err)
	}
}

// failedRun simulates a run whose second job fails, and returns its id.
func (w *world) failedRun() string {
	w.t.Helper()
	at := time.Now().Add(-time.Second)
	id := run.ID("flights", at, "test")
	w.made(w.runs.Create(w.t.Context(), run.Run{
		ID: id, Pipeline: "flights", Version: 2, State: run.Queued, LogicalTime: at, RequestedAt: at, Params: map[string]string{"country": "pt"},
		Trigger: run.Trigger{Kind: run.ByS3, Bucket: "lake-raw", Key: "flights/1.csv.gz", Size: 12345678},
	}, &twoJobs))
	w.begin(id, run.Job{Name: "clean", Type: job.Spark, State: run.JobPending}, run.Job{Name: "publish", Type: job.Bash, State: run.JobPending})
	first := w.submit(id, "clean", 1)
	first.Resize, first.Background = "2 task units", []string{"sleep 4 (pid 12)", "python3 serve.py (pid 14)"}
	w.no(w.runs.Resized(w.t.Context(), id, 1, run.Resize{At: time.Now(), Kind: run.Task, Type: "m5.xlarge", More: 2, Note: "for its jobs"}))
	w.print(id, "clean", 1, "stdout", "cleaning", "1000 rows")
	time.Sleep(5 * time.Second)
	first.Outputs = map[string]string{"cleaned": "1000"}
	w.over(id, first, 0, false)
	last := w.submit(id, "publish", 1)
	last.Findings = []job.Finding{{Dataset: "s3://lake-curated/x/", Expect: "rows >= 1000", Found: "12 rows in 1 file"}, {Dataset: "s3://lake-curated/x/", Expect: "notNull id", Found: "0 nulls", OK: true}}
	w.print(id, "publish", 1, "stderr", "Traceback", "no such column")
	time.Sleep(time.Second)
	w.over(id, last, 3, false)
	w.end(id, run.Outcome{State: run.Failed, Class: job.ClassJob, Reason: "job publish: the program ended with exit code 3"})
	return id
}
