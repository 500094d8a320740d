package cli_test

import (
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/start"
	"ephemr/internal/job"
	"ephemr/internal/run"
)

func (w *world) start(o start.Options) error {
	return start.Run(w.t.Context(), o, w.io, w.settings, start.Clients{Pipelines: w.pipelines, SQS: w.sqs, Follower: w.follower(), Sender: caller, Runs: w.runs})
}

// start prints the id that intake gives the run.
func TestStartPrintsTheRunID(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]start.Options{
		"now":       {Pipeline: "flights", Priority: -1},
		"date":      {Pipeline: "flights", Date: "2026-11-01", Priority: 7, Params: []string{"country=es"}},
		"offset":    {Pipeline: "flights", Date: "2026-11-01T01:30:00+02:00", Priority: -1},
		"requestID": {Pipeline: "flights", Date: "2026-11-01T03:00", RequestID: "mine", Priority: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.register()
			w.no(w.start(o))
			w.deliver()
			id := w.out.String()[:len(w.out.String())-1]
			rec, err := w.runs.Load(t.Context(), id)
			w.no(err)
			if rec.Run.State != run.Queued || rec.Run.Version != 1 || o.Priority >= 0 && rec.Run.Priority != o.Priority {
				t.Errorf("got %+v", rec.Run)
			}
			contains(t, w.err.String(), "ephemr logs -f "+id)
		})
	}
}

// A dry run requests nothing, and estimates from what was.
func TestStartDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.register()
	w.no(w.start(start.Options{Pipeline: "flights", Date: "2026-11-01", Priority: -1, DryRun: true}))
	contains(t, w.out.String(), "1 run of flights for 2026-11-01T00:00Z: no estimate: no run of it has succeeded")
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i, id := range []string{"flights-1", "flights-2"} {
		began := at.AddDate(0, 0, i)
		w.spent(id, run.Run{
			Pipeline: "flights", State: run.Succeeded, StartedAt: began, EndedAt: began.Add(time.Duration(10*(i+1)) * time.Minute), CostUSD: 0.5,
		})
	}
	w.no(w.start(start.Options{Pipeline: "flights", Date: "2026-11-01", Priority: -1, DryRun: true}))
	contains(t, w.out.String(), "1 run of flights for 2026-11-01T00:00Z: 15m00s and about 0.50 USD, as 2 runs before")
	if w.sqs.Calls("SendMessage") > 0 {
		t.Error("a dry run sent a request")
	}
}

func TestStartRejects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o    start.Options
		want string
	}{
		"unknown":        {start.Options{Pipeline: "flight"}, "pipeline flight not found; list pipelines with"},
		"param":          {start.Options{Pipeline: "flights", Params: []string{"country=fr"}}, `"fr" is not allowed`},
		"undeclared":     {start.Options{Pipeline: "flights", Params: []string{"contry=pt"}}, "country"},
		"pair":           {start.Options{Pipeline: "flights", Params: []string{"country"}}, "expected key=value"},
		"twice":          {start.Options{Pipeline: "flights", Params: []string{"country=pt", "country=es"}}, "unique keys"},
		"date":           {start.Options{Pipeline: "flights", Date: "yesterday"}, "invalid date or time \"yesterday\""},
		"priority":       {start.Options{Pipeline: "flights", Priority: 10}, "between 0 and 9"},
		"id without day": {start.Options{Pipeline: "flights", RequestID: "mine"}, "--request-id requires --date"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.register()
			err := w.start(c.o)
			if exit.CodeOf(err) != exit.CodeUsage {
				t.Fatalf("got %v, want exit code 2", err)
			}
			contains(t, err.Error(), c.want)
			if n := w.sqs.Calls("SendMessage"); n != 0 {
				t.Errorf("%d messages sent", n)
			}
		})
	}
}

func TestStartFollows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.register()
		go func() {
			time.Sleep(4*time.Second + between)
			w.deliver()
			id := run.ID("flights", time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), run.OfRequest(caller, "mine")...)
			w.begin(id, run.Job{Name: "clean", Type: job.Spark, State: run.JobPending}, run.Job{Name: "publish", Type: job.Bash, State: run.JobPending})
			first := w.submit(id, "clean", 1)
			time.Sleep(2 * time.Second)
			w.print(id, "clean", 1, "stderr", "Traceback", "no such column")
			time.Sleep(time.Second)
			w.over(id, first, 3, true)
			second := w.submit(id, "clean", 2)
			w.print(id, "clean", 2, "stdout", "1000 rows", "done")
			time.Sleep(5 * time.Second)
			second.Earlier = first.Earlier
			w.over(id, second, 0, false)
			last := w.submit(id, "publish", 1)
			w.print(id, "publish", 1, "stdout", "published")
			w.over(id, last, 0, false)
			w.end(id, run.Outcome{State: run.Succeeded})
		}()
		w.no(w.start(start.Options{Pipeline: "flights", Date: "2026-11-01", RequestID: "mine", Follow: true, Priority: -1}))
		w.golden("start-follow")
		contains(t, w.out.String(), "waiting for run flights-20261101T0000-", "cluster j-1ABC ready after 37.0s", "retrying", "run SUCCEEDED")
	})
}

// The id of a rejected run cannot be predicted; it is found by its request.
func TestStartFollowsARejectedRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.register()
		go func() {
			time.Sleep(time.Second)
			_, _, err := w.pipelines.Add(t.Context(), without(twoJobs), "other", time.Now())
			w.no(err)
			w.deliver()
		}()
		err := w.start(start.Options{Pipeline: "flights", Date: "2026-11-01", RequestID: "mine", Params: []string{"country=es"}, Follow: true, Priority: -1})
		if exit.CodeOf(err) != exit.CodeUsage {
			t.Errorf("got %v, want exit code 2", err)
		}
		contains(t, w.out.String(), "run REJECTED", "param country", "not declared")
	})
}
