package cli_test

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/cli/logs"
	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run"
)

// unfinished starts a run whose job prints a line slowly, a progress bar, and at
// the end a line without an end.
func (w *world) unfinished() {
	w.t.Helper()
	at := time.Now()
	w.made(w.runs.Create(w.t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
	w.begin("flights-1", run.Job{Name: "clean", Type: job.Spark, State: run.JobPending})
	j := w.submit("flights-1", "clean", 1)
	go func() {
		for _, event := range []string{"load...\r", "load... a\r", "load... and done", "\r5%\r", "\r10%\r", "15%", "bye\r"} {
			w.print("flights-1", "clean", 1, "stdout", event)
			time.Sleep(3 * time.Second)
		}
		w.over("flights-1", j, 0, false)
		w.end("flights-1", run.Outcome{State: run.Succeeded})
	}()
}

const finished = "load... and done\n15%\nbye\n"

func TestLogsOfUnfinishedLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.unfinished()
		go func() {
			time.Sleep(5 * time.Second)
			if got := w.out.String(); got != "load... a" {
				t.Errorf("after 5 s: %q", got)
			}
		}()
		w.no(logs.Run(t.Context(), logs.Options{RunID: "flights-1", Job: "clean", Follow: true}, w.io, w.follower()))
		if got := w.out.String(); got != finished {
			t.Errorf("followed: %q", got)
		}
		w.forget()
		w.no(logs.Run(t.Context(), logs.Options{RunID: "flights-1", Job: "clean"}, w.io, w.follower()))
		if got := w.out.String(); got != finished {
			t.Errorf("read: %q", got)
		}
		for _, follow := range []bool{false, true} {
			w.forget()
			w.no(logs.Run(t.Context(), logs.Options{RunID: "flights-1", JSON: true, Follow: follow}, w.io, w.follower()))
			if got := w.out.String(); strings.Count(got, "\n") != 3 || !strings.Contains(got, `"message":"bye"`) {
				t.Errorf("JSON: %s", got)
			}
		}
	})
}

// On a terminal a progress bar is updated in place.
func TestLogsOfUnfinishedLinesOnATerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.unfinished()
		w.io.OutTTY, w.io.ErrTTY, w.io.Color = true, true, true
		w.no(logs.Run(t.Context(), logs.Options{RunID: "flights-1", Job: "clean", Follow: true}, w.io, w.follower()))
		if got := w.out.String(); got != finished {
			t.Errorf("stays: %q", got)
		}
		for _, state := range []string{" load...\x1b", " load... a\x1b", " 5%\x1b", " 10%\x1b"} {
			if !strings.Contains(w.err.String(), state) {
				t.Errorf("%q was not in the status line", state)
			}
		}
	})
}

// What EMR archived is not interpreted by a runner.
func TestLogsOfArchivedBars(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.archived()
		w.archive("s-clean", "stdout", "\r5%\r10%\rdone\nwin\r\n")
		w.no(logs.Run(t.Context(), logs.Options{RunID: id, Stream: "stdout", Job: "clean", Archived: true}, w.io, w.follower()))
		if got := w.out.String(); got != "done\nwin\n" {
			t.Errorf("%q", got)
		}
	})
}

// CloudWatch Logs does not respond for minutes: the lines come afterwards.
func TestLogsFollowSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		at := time.Now()
		w.made(w.runs.Create(t.Context(), run.Run{ID: "flights-1", Pipeline: "flights", State: run.Queued, LogicalTime: at, RequestedAt: at}, &twoJobs))
		w.begin("flights-1", run.Job{Name: "clean", Type: job.Spark, State: run.JobPending})
		j := w.submit("flights-1", "clean", 1)
		w.logs.Use(&awsfake.Hooks{Before: func(op string) error {
			if since := time.Since(at); strings.HasSuffix(op, ":GetLogEvents") && since > 10*time.Second && since < 8*time.Minute {
				return awsfake.Throttled()
			}
			return nil
		}})
		var want strings.Builder
		go func() {
			for i := range 10 {
				w.print("flights-1", "clean", 1, "stdout", strconv.Itoa(i))
				time.Sleep(time.Minute)
			}
			w.over("flights-1", j, 0, false)
			w.end("flights-1", run.Outcome{State: run.Succeeded})
		}()
		for i := range 10 {
			want.WriteString(strconv.Itoa(i) + "\n")
		}
		w.no(logs.Run(t.Context(), logs.Options{RunID: "flights-1", Job: "clean", Follow: true}, w.io, w.follower()))
		if got := w.out.String(); got != want.String() {
			t.Errorf("%q", got)
		}
		contains(t, w.err.String(), "cannot read the logs, retrying", "can read the logs again")
	})
}
