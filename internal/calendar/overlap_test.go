package calendar_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// states are the states of the runs by schedule, by logical time, at one moment: when
// nothing else runs.
func states(w *simulation.World) map[string]run.State {
	synctest.Wait()
	all := map[string]run.State{}
	for _, id := range w.RunIDs() {
		if r := w.Record(id).Run; r.Trigger.Kind == run.BySchedule {
			all[r.LogicalTime.Format("15:04")] = r.State
		}
	}
	return all
}

func shownStates(w *simulation.World) string {
	all := states(w)
	var words []string
	for _, at := range slices.Sorted(maps.Keys(all)) {
		words = append(words, fmt.Sprint(at, " ", all[at]))
	}
	return strings.Join(words, ", ")
}

// A schedule every ten minutes of a job that takes 25, as seen after an hour.
func TestOverlap(t *testing.T) {
	t.Parallel()
	for overlap, want := range map[string]string{
		"queue":  "00:10 SUCCEEDED, 00:20 RUNNING, 00:30 QUEUED, 00:40 QUEUED, 00:50 QUEUED, 01:00 QUEUED",
		"skip":   "00:10 SUCCEEDED, 00:50 RUNNING",
		"latest": "00:10 SUCCEEDED, 00:20 CANCELLED, 00:30 CANCELLED, 00:40 RUNNING, 00:50 CANCELLED, 01:00 QUEUED",
		"cancel": "00:10 CANCELLED, 00:20 CANCELLED, 00:30 CANCELLED, 00:40 CANCELLED, 00:50 CANCELLED, 01:00 RUNNING",
	} {
		t.Run(overlap, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := simulation.New(simulation.Config{
					Steps: func(simulation.Attempt) simulation.Step { return simulation.Step{Takes: 25 * time.Minute} },
				})
				defer w.Close()
				w.Apply(file(`{schedule: "*/10 * * * *", overlap: `+overlap+`}`) + "\nlimits: {maxActive: 1}")
				most := 0
				for range 65 {
					time.Sleep(time.Minute)
					queued := 0
					for _, s := range states(w) {
						if s == run.Queued {
							queued++
						}
					}
					most = max(most, queued)
				}
				got := shownStates(w)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				if overlap != "queue" && most > 1 {
					t.Errorf("%d runs have waited at a time", most)
				}
			})
		})
	}
}

// Of several dates that are due at once, one is made, unless they may queue.
func TestOverlapOfMissedDates(t *testing.T) {
	t.Parallel()
	for overlap, want := range map[string]struct{ made, skipped string }{
		"queue":  {"01:00 02:00 03:00", ""},
		"skip":   {"01:00", "02:00..03:00 overlap: skip: run "},
		"latest": {"03:00", "01:00..02:00 overlap: latest: replaced by the date "},
		"cancel": {"03:00", "01:00..02:00 overlap: cancel: replaced by the date "},
	} {
		t.Run(overlap, func(t *testing.T) {
			t.Parallel()
			inWorld(t, `{schedule: "0 * * * *", catchup: all, overlap: `+overlap+`}`, func(t *testing.T, w *simulation.World) {
				time.Sleep(3 * time.Hour)
				tick(t, w)
				if diff := cmp.Diff(want.made, strings.Join(dates(w), " ")); diff != "" {
					t.Error(diff)
				}
				got := ""
				for _, it := range items(w, "SKIPPED#p") {
					s := skippedOf(t, it)
					got += fmt.Sprintf("%s..%s %s", s.First.Format("15:04"), s.Last.Format("15:04"), s.Reason)
				}
				if !strings.HasPrefix(got, want.skipped) || got != "" && want.skipped == "" {
					t.Errorf("skipped %q, want %q", got, want.skipped)
				}
			})
		})
	}
}

// A date waits, without a slot, until the one before has succeeded; other runs of the
// pipeline do not wait.
func TestDependsOnPast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w *simulation.World
		w = simulation.New(simulation.Config{
			Steps: func(a simulation.Attempt) simulation.Step {
				if r := w.Record(a.RunID).Run; r.LogicalTime.Hour() == 2 && r.Restarts == 0 {
					return simulation.Step{ExitCode: 1}
				}
				return simulation.Step{}
			},
		})
		defer w.Close()
		w.Apply(file(`{schedule: "0 * * * *", dependsOnPast: true}`) + "\nlimits: {maxActive: 1}")
		time.Sleep(5*time.Hour + 30*time.Minute)
		w.Request(events.Request{RequestID: "1", Pipeline: "p"})
		time.Sleep(25 * time.Minute)
		if diff := cmp.Diff("01:00 SUCCEEDED, 02:00 FAILED, 03:00 QUEUED, 04:00 QUEUED, 05:00 QUEUED", shownStates(w)); diff != "" {
			t.Error(diff)
		}
		failed := runIn(w, run.Failed)
		if w.Record(requested(w)).Run.State != run.Succeeded {
			t.Error("the request waits too")
		}
		if _, err := w.Invoke("control", []byte(`{"op": "retry", "runId": "`+failed+`"}`)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Hour)
		inOrder(t, w)
		for at, s := range states(w) {
			if s != run.Succeeded {
				t.Errorf("%s is %s", at, s)
			}
		}
	})
}

// With a matrix a date waits for its own value only.
func TestDependsOnPastOfAValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w *simulation.World
		w = simulation.New(simulation.Config{
			Settings: func(s *stage.Settings) { s.Limits.MaxActive, s.Limits.PipelineMaxActive = 10, 10 },
			Steps: func(a simulation.Attempt) simulation.Step {
				if r := w.Record(a.RunID).Run; r.LogicalTime.Hour() == 2 && r.Params["c"] == "x" {
					return simulation.Step{ExitCode: 1}
				}
				return simulation.Step{}
			},
		})
		defer w.Close()
		w.Apply(file(`{schedule: "0 * * * *", dependsOnPast: true}`) + "\nparams: {c: {}}\nmatrix: {c: [x, y]}")
		time.Sleep(4*time.Hour + 50*time.Minute)
		got := map[string]map[run.State]int{"x": {}, "y": {}}
		for _, id := range w.RunIDs() {
			r := w.Record(id).Run
			got[r.Params["c"]][r.State]++
		}
		want := map[string]map[run.State]int{
			"x": {run.Succeeded: 1, run.Failed: 1, run.Queued: 2},
			"y": {run.Succeeded: 4},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("runs -want +got:\n%s", diff)
		}
	})
}

// A run whose request was lost keeps others from being made for a while, not for ever.
func TestOverlapOfLostRun(t *testing.T) {
	t.Parallel()
	inWorld(t, `{schedule: "*/5 * * * *", overlap: skip}`, func(t *testing.T, w *simulation.World) {
		w.SQS.OnSend = nil // nothing receives the messages
		for at := 5; at <= 40; at += 5 {
			time.Sleep(5 * time.Minute)
			if _, err := w.Invoke("calendar", []byte("{}")); err != nil {
				t.Error(err)
			}
		}
		got := 0
		for _, m := range w.SQS.Messages(w.Settings.EventsQueue) {
			if strings.Contains(*m.MessageBody, `"kind":"schedule"`) {
				got++
			}
		}
		if got != 2 {
			t.Errorf("%d dates requested in 40 minutes, want the first, and another when it counts as lost", got)
		}
	})
}

// inOrder checks that the runs by schedule began in the order of their dates.
func inOrder(t *testing.T, w *simulation.World) {
	t.Helper()
	began := map[string]time.Time{}
	for _, id := range w.RunIDs() {
		if r := w.Record(id).Run; r.Trigger.Kind == run.BySchedule {
			began[r.LogicalTime.Format("15:04")] = r.StartedAt
		}
	}
	times := slices.Sorted(maps.Keys(began))
	for i, at := range times[:len(times)-1] {
		if next := began[times[i+1]]; next.Before(began[at]) {
			t.Errorf("%s began at %s, before %s at %s", times[i+1], next, at, began[at])
		}
	}
}

// runIn is the first run in a state.
func runIn(w *simulation.World, s run.State) string {
	return first(w, func(r run.Run) bool { return r.State == s })
}

// requested is the first run by request.
func requested(w *simulation.World) string {
	return first(w, func(r run.Run) bool { return r.Trigger.Kind == run.ByRequest })
}

func first(w *simulation.World, match func(run.Run) bool) string {
	for _, id := range w.RunIDs() {
		if match(w.Record(id).Run) {
			return id
		}
	}
	return ""
}
