package statemachines_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/job"
	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// by finds the run of a manual execution.
func by(t *testing.T, w *simulation.World, arn string) string {
	t.Helper()
	for _, id := range w.RunIDs() {
		if w.Record(id).Run.Execution == arn {
			return id
		}
	}
	t.Fatalf("no run belongs to %s", arn)
	return ""
}

func TestStartedByHand(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		arn := w.Start("mine", `{"pipeline": "one", "logicalDate": "2026-01-02"}`)
		synctest.Wait()
		id := by(t, w, arn)
		if !strings.HasPrefix(id, "one-20260102T0000-") {
			t.Errorf("run %s does not carry its logical date", id)
		}
		want := ended{Path: path(begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}
		compare(t, w, id, want, outcomeOf(w, id, func() asl.Result { return w.Engine.Result(arn) }))
	})
}

// A wrong input is refused at once, recorded as REJECTED and costs nothing.
func TestStartedByHandWrongly(t *testing.T) {
	t.Parallel()
	for name, input := range map[string]string{
		"unknown pipeline": `{"pipeline": "two"}`, "no pipeline": `{}`, "a list": `[1]`, "a text": `"one"`, "null": `null`,
		"unknown key": `{"pipeline": "one", "parameters": {}}`, "unknown param": `{"pipeline": "one", "params": {"x": "1"}}`,
		"wrong kind": `{"pipeline": 1}`, "no date": `{"pipeline": "one", "logicalDate": "tomorrow"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				w.Apply(one)
				arn := w.Start("mine", input)
				time.Sleep(time.Minute)
				rec, result := w.Record(by(t, w, arn)), w.Engine.Result(arn)
				if rec.Run.State != run.Rejected || rec.Run.Class != job.ClassInvalid || rec.Run.Reason == "" {
					t.Errorf("run %+v, want it REJECTED with a reason", rec.Run)
				}
				if got := strings.Join(result.Path, " "); got != rejected || result.Error != "invalid" || result.Cause != rec.Run.Reason {
					t.Errorf("path %q ends with %s %q, want %q with the reason %q", got, result.Error, result.Cause, rejected, rec.Run.Reason)
				}
				if len(w.EMR.Clusters()) > 0 || len(w.Left()) > 0 {
					t.Errorf("left %q", w.Left())
				}
			})
		})
	}
}

func long(simulation.Attempt) simulation.Step { return simulation.Step{Takes: time.Hour} }

func narrow(s *stage.Settings) { s.Limits.MaxActive = 1 }

func TestStartedByHandWaitsForRoom(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{Settings: narrow}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		first := w.Start("first", `{"pipeline": "one"}`)
		synctest.Wait()
		second := w.Start("second", `{"pipeline": "one"}`)
		time.Sleep(3 * time.Minute)
		if path := w.Engine.Result(first).Path; len(w.EMR.Clusters()) != 1 {
			t.Errorf("%d clusters with room for one run; path of the first: %v", len(w.EMR.Clusters()), path)
		}
		id := by(t, w, second)
		want := ended{Path: path("PrepareRun AwaitAdmission", begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}
		compare(t, w, id, want, outcomeOf(w, id, func() asl.Result { return w.Engine.Result(second) }))
		if errs := w.Errors(); len(errs) > 0 {
			t.Errorf("errors: %v", errs)
		}
	})
}

// A manual run that waits for a slot is not affected by a run that cannot be started.
func TestWaitingForASlotBesideARunThatCannotStart(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{Settings: narrow, NoTicks: true}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		denied := awsfake.Denied("states:StartExecution")
		w.SFN.FailNext("StartExecution", append([]error{denied, nil}, slices.Repeat([]error{denied}, 100)...)...) // nil: the manual execution
		w.Upload("in/a.csv")
		time.Sleep(time.Minute) // longer than another invocation may still be starting it
		mine := w.Start("mine", `{"pipeline": "one"}`)
		time.Sleep(time.Minute)
		id := by(t, w, mine)
		if rec := w.Record(id); rec.Run.State != run.Queued || rec.Waiter == nil {
			t.Errorf("the manual run is %s: %s", rec.Run.State, rec.Run.Reason)
		}
		if n := w.SFN.Calls("StartExecution"); n < 3 {
			t.Errorf("%d calls of StartExecution: the other run was not started again", n)
		}
	})
}

// An execution that is stopped can clean up nothing: sweep does.
func TestStopped(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{
		"cluster starts": 2 * time.Minute, "step runs": 5*time.Minute + 30*time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{Steps: long}, func(t *testing.T, w *simulation.World) {
				w.Apply(one)
				arn := w.Start("mine", `{"pipeline": "one"}`)
				time.Sleep(after)
				w.Stop(arn)
				id := by(t, w, arn)
				stopped := time.Now()
				rec := w.Wait(id)
				if d := time.Since(stopped); d > 6*time.Minute {
					t.Errorf("sweep took %s", d)
				}
				time.Sleep(time.Second)
				if open := w.Open(); len(open) > 0 {
					t.Errorf("the sweep that ended the run left its cluster %q", open)
				}
				if rec.Run.State != run.Cancelled || rec.Run.Class != job.ClassCancelled {
					t.Errorf("run is %s %s: %s", rec.Run.State, rec.Run.Class, rec.Run.Reason)
				}
				time.Sleep(10 * time.Minute)
				if left := w.Left(); len(left) > 0 {
					t.Errorf("left %q", left)
				}
			})
		})
	}
}

// Stopped while it waits for room, a run must not be admitted later: no execution
// would release its slot.
func TestStoppedWhileItWaitsForRoom(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"long before there is room": 10 * time.Minute, "right before there is room": 64*time.Minute + 55*time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{Settings: narrow, Steps: long}, func(t *testing.T, w *simulation.World) {
				w.Apply(one)
				first := w.Start("first", `{"pipeline": "one"}`)
				synctest.Wait()
				second := w.Start("second", `{"pipeline": "one"}`)
				time.Sleep(after)
				w.Stop(second)
				w.Wait(by(t, w, first))
				rec := w.Wait(by(t, w, second))
				if rec.Run.State != run.Cancelled {
					t.Errorf("run is %s: %s", rec.Run.State, rec.Run.Reason)
				}
				time.Sleep(10 * time.Minute)
				if left := w.Left(); len(left) > 0 {
					t.Errorf("left %q", left)
				}
			})
		})
	}
}

// An execution cannot end the run of another.
func TestStrangerCannotFinishARun(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		w.Upload("in/a.csv")
		synctest.Wait()
		id := w.RunIDs()[0]
		stranger := w.Start("stranger", `{"runId": "`+id+`"}`)
		time.Sleep(time.Minute)
		if r := w.Engine.Result(stranger); r.Status != asl.Failed || r.Error != "ConflictError" {
			t.Errorf("the stranger ended %s %s: %s", r.Status, r.Error, r.Cause)
		}
		want := ended{Path: path(begin, round, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}
		compare(t, w, id, want, outcomeOf(w, id, func() asl.Result { return w.Result(id) }))
	})
}
