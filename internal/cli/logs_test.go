package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/logs"
	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

func TestLogs(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]logs.Options{
		"all":    {},
		"job":    {Job: "publish"},
		"stdout": {Stream: "stdout"},
		"none":   {Job: "publish", Attempt: 2},
		"json":   {Job: "clean", JSON: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				o.RunID = w.failedRun()
				w.no(logs.Run(t.Context(), o, w.io, w.follower()))
				w.golden("logs-"+name, o.RunID, "RUN")
			})
		})
	}
}

func TestLogsRejects(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.failedRun()
		for want, o := range map[string]logs.Options{
			"has no job nope; it has clean, publish": {RunID: id, Job: "nope"},
			"run x not found":                        {RunID: "x"},
			`invalid stream "both"`:                  {RunID: id, Stream: "both"},
			"invalid --attempt -1":                   {RunID: id, Attempt: -1},
			"run y did not appear within 10s":        {RunID: "y", Follow: true},
		} {
			err := logs.Run(t.Context(), o, w.io, w.follower())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: got %v, want %q", o, err, want)
			}
		}
	})
}

// With any transient errors of CloudWatch Logs and DynamoDB, every line is
// printed once, in the order of its stream.
func TestLogsFollowLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		at := time.Now()
		id := run.ID("flights", at, "test")
		const lines = 300
		go func() {
			time.Sleep(2 * time.Second)
			w.made(w.runs.Create(t.Context(), run.Run{ID: id, Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
			w.begin(id, run.Job{Name: "clean", Type: job.Spark, State: run.JobPending}, run.Job{Name: "publish", Type: job.Bash, State: run.JobPending})
			j := w.submit(id, "clean", 1)
			for i := range lines {
				w.print(id, "clean", 1, []string{"stdout", "stderr"}[i%2], fmt.Sprintf("line %d", i))
				time.Sleep(37 * time.Millisecond)
				switch i % 50 {
				case 10:
					w.logs.FailNext("GetLogEvents", awsfake.Throttled(), nil, awsfake.Throttled())
				case 20:
					w.db.FailNext("Query", awsfake.Throttled())
				case 30:
					w.logs.LoseNext("GetLogEvents", awsfake.Throttled()) // read, but the answer got lost
				}
			}
			w.over(id, j, 0, false)
			// A read may lag behind the write.
			time.Sleep(time.Second)
			w.print(id, "clean", 1, "stdout", fmt.Sprintf("line %d", lines))
			w.end(id, run.Outcome{State: run.Failed, Class: job.ClassInternal, Reason: "for the test"})
		}()
		w.no(logs.Run(t.Context(), logs.Options{RunID: id, Follow: true, JSON: true}, w.io, w.follower()))
		next := map[string]int{"stdout": 0, "stderr": 1}
		n := 0
		for text := range strings.Lines(w.out.String()) {
			var l logs.Line
			w.no(json.Unmarshal([]byte(text), &l))
			if want := fmt.Sprintf("line %d", next[l.Stream]); l.Message != want {
				t.Fatalf("%s: got %q, want %q", l.Stream, l.Message, want)
			}
			next[l.Stream] += 2
			n++
		}
		if n != lines+1 {
			t.Errorf("%d lines, want %d", n, lines+1)
		}
	})
}

func TestLogsFollowIsInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		at := time.Now()
		w.made(w.runs.Create(t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := logs.Run(ctx, logs.Options{RunID: "flights-1", Follow: true}, w.io, w.follower())
		if exit.CodeOf(err) != exit.CodeInterrupted || !exit.IsSilent(err) {
			t.Errorf("got %v, want exit code 130 without a word", err)
		}
		contains(t, w.err.String(), "detached; the run continues; follow it with: ephemr logs -f flights-1")
	})
}

// Transient errors are retried for a limited time, permanent ones never.
func TestLogsFollowGivesUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer error
		within time.Duration
	}{
		"throttled for long": {awsfake.Throttled(), 3 * time.Minute},
		"denied":             {denied(), 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				at := time.Now()
				w.made(w.runs.Create(t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
				go func() {
					time.Sleep(time.Second)
					w.db.Use(&awsfake.Hooks{Before: func(string) error { return c.answer }})
				}()
				err := logs.Run(t.Context(), logs.Options{RunID: "flights-1", Follow: true}, w.io, w.follower())
				if took := time.Since(at); err == nil || took > c.within {
					t.Errorf("got %v after %s", err, took)
				}
				contains(t, w.err.String(), "the run continues")
			})
		})
	}
}
