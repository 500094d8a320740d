package statemachines_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

func control(t *testing.T, w *simulation.World, payload string) {
	t.Helper()
	if _, err := w.Invoke("control", json.RawMessage(payload)); err != nil {
		t.Fatal(err)
	}
}

// A run that ended before its cluster was recorded gets a new one when it is
// retried, not the old one's name.
func TestRetryAfterALostCluster(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		w.Crash("EMR:RunJobFlow", true)
		w.Upload("in/a.csv")
		time.Sleep(30 * time.Second)
		id := w.RunIDs()[0]
		w.Stop(w.Record(id).Run.Execution)
		w.Wait(id)
		time.Sleep(time.Hour)
		control(t, w, `{"op": "retry", "runId": "`+id+`"}`)
		time.Sleep(time.Hour)
		names := map[string]bool{}
		for _, c := range w.EMR.Clusters() {
			if names[*c.Name] {
				t.Errorf("there are two clusters %s", *c.Name)
			}
			names[*c.Name] = true
		}
		if r := w.Record(id).Run; r.State != run.Succeeded || len(w.Left()) > 0 {
			t.Errorf("run is %s: %s; left %q", r.State, r.Reason, w.Left())
		}
	})
}

// A retry is accepted although another run cannot be started.
func TestRetryBesideARunThatCannotStart(t *testing.T) {
	t.Parallel()
	exits1 := func(simulation.Attempt) simulation.Step { return simulation.Step{ExitCode: 1} }
	inWorld(t, simulation.Config{NoTicks: true, Steps: exits1}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		w.Upload("in/a.csv")
		id := w.RunIDs()[0]
		time.Sleep(time.Hour)
		if r := w.Record(id).Run; r.State != run.Failed {
			t.Fatalf("the run is %s: %s", r.State, r.Reason)
		}
		denied := awsfake.Denied("states:StartExecution")
		w.SFN.FailNext("StartExecution", denied)
		w.Upload("in/b.csv")
		time.Sleep(time.Minute)                       // longer than another invocation may still be starting it
		w.SFN.FailNext("StartExecution", nil, denied) // first the run that is retried
		control(t, w, `{"op": "retry", "runId": "`+id+`"}`)
		synctest.Wait()
		if r := w.Record(id).Run; r.State != run.Running || r.Restarts != 1 {
			t.Errorf("the run that was retried is %s after %d retries", r.State, r.Restarts)
		}
	})
}

// A run is retried at the moment at which its outcome can be seen, while
// FinishRun has yet to close its jobs and to give its room back. That must not
// meet what the retry has made of them.
func TestRetryWhileItEnds(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]error{"and is announced": nil, "and cannot be announced": errLost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			retriedWhileItEnds(t, lost)
		})
	}
}

func retriedWhileItEnds(t *testing.T, lost error) {
	t.Helper()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(chain)
		w.Upload("in/a.csv")
		time.Sleep(5 * time.Minute)
		id := w.RunIDs()[0]
		retry := json.RawMessage(`{"op": "retry", "runId": "` + id + `"}`)
		early, asked := error(nil), false
		w.DB.Use(&awsfake.Hooks{After: func(op string) error {
			if op == "DynamoDB:UpdateItem" && !asked && w.Record(id).Run.State.Final() {
				asked = true
				_, early = w.Invoke("control", retry)
			}
			return nil
		}})
		w.Bus.FailNext("PutEvents", lost)
		w.Stop(w.Record(id).Run.Execution)
		for !asked { // sweep records it
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		switch {
		case early == nil:
			t.Error("the run was retried while its end was being recorded")
		case !strings.Contains(early.Error(), "try again in a moment"):
			t.Errorf("the early retry is refused with %v", early)
		default:
			control(t, w, string(retry))
		}
		time.Sleep(time.Hour)
		rec := w.Record(id)
		if rec.Run.State != run.Succeeded || rec.Jobs[1].State != run.JobSucceeded || len(w.Left()) > 0 {
			t.Errorf("run is %s: %s; jobs %+v; left %q", rec.Run.State, rec.Run.Reason, rec.Jobs, w.Left())
		}
	})
}

// Who waits for an outcome hears of every one, that of a run too which was
// cancelled before it had an execution: at once, or of sweep.
func TestCancelledInTheQueueIsTold(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"at once": false, "by sweep": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cancelledInTheQueue(t, late)
		})
	}
}

func cancelledInTheQueue(t *testing.T, late bool) {
	t.Helper()
	inWorld(t, simulation.Config{Settings: narrow, Steps: long}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		w.Upload("in/a.csv")
		w.Upload("in/b.csv")
		synctest.Wait()
		for _, id := range w.RunIDs() {
			if w.Record(id).Run.State != run.Queued {
				continue
			}
			if late {
				w.Bus.FailNext("PutEvents", errLost)
				if _, err := w.Invoke("control", json.RawMessage(`{"op": "cancel", "runId": "`+id+`"}`)); err == nil {
					t.Error("no error says that it could not be announced")
				}
				time.Sleep(7 * time.Minute)
			} else {
				control(t, w, `{"op": "cancel", "runId": "`+id+`"}`)
			}
			if announced := finished(t, w); announced[id] != string(run.Cancelled) {
				t.Errorf("announced %v, want that %s is CANCELLED", announced, id)
			}
		}
	})
}

// finished are the outcomes that were announced, by run.
func finished(t *testing.T, w *simulation.World) map[string]string {
	t.Helper()
	announced := map[string]string{}
	for _, e := range w.Bus.Events() {
		var d events.RunFinished
		if err := json.Unmarshal([]byte(*e.Detail), &d); err != nil {
			t.Fatal(err)
		}
		if *e.DetailType == events.TypeRunFinished {
			announced[d.RunID] = d.State
		}
	}
	return announced
}

// A job that failed, was to be done again by a retry and never was, is skipped:
// its failure belongs to the attempt before.
func TestCancelledBeforeTheRetryBegan(t *testing.T) {
	t.Parallel()
	steps := func(simulation.Attempt) simulation.Step { return simulation.Step{ExitCode: 3} }
	full := func(s *stage.Settings) { s.Limits.MaxActive = 1 }
	inWorld(t, simulation.Config{Steps: steps, Settings: full}, func(t *testing.T, w *simulation.World) {
		w.Apply(one)
		w.Upload("in/a.csv")
		synctest.Wait()
		id := w.RunIDs()[0]
		w.Wait(id)
		w.Upload("in/b.csv") // takes the only slot
		synctest.Wait()
		control(t, w, `{"op": "retry", "runId": "`+id+`"}`)
		control(t, w, `{"op": "cancel", "runId": "`+id+`", "why": "enough"}`)
		time.Sleep(time.Hour)
		rec := w.Record(id)
		j := rec.Jobs[0]
		if rec.Run.State != run.Cancelled || j.State != run.JobSkipped || len(j.Earlier) != 1 || j.Earlier[0].Class != job.ClassJob {
			t.Errorf("run is %s, its job %s (%s) with %+v before", rec.Run.State, j.State, j.Reason, j.Earlier)
		}
	})
}
