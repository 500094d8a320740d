package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

const (
	up   = "pipeline: up\ntriggers: [{schedule: \"0 3 * * *\"}]\n" + jobs
	side = "pipeline: side\ntriggers: [{schedule: \"0 5 * * *\"}]\n" + jobs
)

// down waits for others.
func down(triggers string, more ...string) string {
	return "pipeline: down\ntriggers: [" + triggers + "]\n" + strings.Join(more, "") + jobs
}

// withRuns runs f in a world in which runs are executed, but for what schedules request.
func withRuns(t *testing.T, config simulation.Config, f func(t *testing.T, w *simulation.World), files ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(config)
		defer w.Close()
		for _, file := range files {
			w.Apply(file)
		}
		f(t, w)
	})
}

// ofDown are the runs of down: logical time, state, trigger, and for which pipelines it waited.
func ofDown(w *simulation.World) (all []string) {
	for _, r := range runs(w) {
		if r.Pipeline != "down" {
			continue
		}
		var from []string
		for _, id := range r.Trigger.Upstream {
			from = append(from, run.PipelineOf(id))
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s %v %s", r.LogicalTime.UTC().Format("01-02T15:04"), r.State, r.Trigger.Kind, from, pipeline.Values(r.Matrix))))
	}
	slices.Sort(all)
	return all
}

func expect(t *testing.T, w *simulation.World, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, ofDown(w)); diff != "" {
		t.Errorf("runs of down -want +got:\n%s", diff)
	}
}

var jan1, jan2 = time.Date(2000, 1, 1, 3, 0, 0, 0, time.UTC), time.Date(2000, 1, 2, 3, 0, 0, 0, time.UTC)

// A run is requested when the last of several upstreams has succeeded, once, however often
// their events come, and names them.
func TestAfter(t *testing.T) {
	t.Parallel()
	withRuns(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Tick("up", jan2)
		time.Sleep(time.Hour)
		expect(t, w)
		for range 2 {
			w.Tick("side", jan2.Add(2*time.Hour))
		}
		time.Sleep(time.Hour)
		for _, e := range w.Bus.Events() { // all come again
			w.Bus.OnEvent(e)
		}
		time.Sleep(time.Hour)
		expect(t, w, "01-02T00:00 SUCCEEDED after [up side]")
		r := w.Record(w.RunIDs()[0]).Run
		if r.LogicalDate != "2000-01-02" || r.IntervalEnd.Sub(r.IntervalStart) != 24*time.Hour {
			t.Errorf("date %s, interval %s to %s", r.LogicalDate, r.IntervalStart, r.IntervalEnd)
		}
	}, up, side, down("{after: {pipeline: up}}, {after: {pipeline: side}}"))
}

// Both upstreams succeed at the same moment, in many ways in which their functions follow one
// another.
func TestAfterAtTheSameMoment(t *testing.T) {
	t.Parallel()
	withRuns(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.DB.DelayIndexes(1, time.Minute)
		w.Tick("up", jan2)
		w.Tick("side", jan2.Add(2*time.Hour))
		time.Sleep(2 * time.Hour)
		expect(t, w, "01-02T00:00 SUCCEEDED after [up side]")
	}, up, side, down("{after: {pipeline: up}}, {after: {pipeline: side}}"))
}

// FinishRun is killed at each of its calls: what it leaves is repaired, and the run after it
// is requested once.
func TestAfterFinishRunIsKilled(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"DynamoDB:UpdateItem", "DynamoDB:Query"} {
		for n := range 4 {
			t.Run(fmt.Sprint(op, n), func(t *testing.T) {
				t.Parallel()
				withRuns(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
					w.Tick("up", jan2)
					id := w.RunIDs()[0]
					for w.Record(id).Run.State != run.Running {
						time.Sleep(10 * time.Second)
					}
					for !w.Record(id).Succeeded() {
						time.Sleep(time.Second)
					}
					w.CrashAt(op, n, true)
					time.Sleep(2 * time.Hour)
					expect(t, w, "01-02T00:00 SUCCEEDED after [up]")
				}, up, down("{after: {pipeline: up}}"))
			})
		}
	}
}

// An upstream that fails leaves the other not started; repaired by a retry it starts it.
func TestAfterRepair(t *testing.T) {
	t.Parallel()
	fails := true
	withRuns(t, simulation.Config{Steps: func(a simulation.Attempt) simulation.Step {
		if fails && strings.HasPrefix(a.RunID, "up-") {
			return simulation.Step{ExitCode: 1}
		}
		return simulation.Step{}
	}}, func(t *testing.T, w *simulation.World) {
		w.Tick("up", jan2)
		time.Sleep(time.Hour)
		expect(t, w)
		fails = false
		retry, err := operation.Payload(operation.Retry, operation.RetryRequest{RunID: w.RunIDs()[0]})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Invoke("control", retry); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		expect(t, w, "01-02T00:00 SUCCEEDED after [up]")
	}, up, down("{after: {pipeline: up}}"))
}

// An upstream that succeeds again for the same date makes another run with rerun: always
// only.
func TestAfterRerun(t *testing.T) {
	t.Parallel()
	const first = "01-02T00:00 SUCCEEDED after [up]"
	for rerun, want := range map[string][]string{"never": {first}, "always": {first, first}} {
		t.Run(rerun, func(t *testing.T) {
			t.Parallel()
			withRuns(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				w.Tick("up", jan2)
				time.Sleep(time.Hour)
				w.Request(events.Request{RequestID: "again", Pipeline: "up", LogicalTime: "2000-01-02"})
				time.Sleep(time.Hour)
				for _, e := range w.Bus.Events() {
					w.Bus.OnEvent(e)
				}
				time.Sleep(time.Hour)
				expect(t, w, want...)
			}, up, down("{after: {pipeline: up, rerun: "+rerun+"}}"))
		})
	}
}

// What becomes due of a paused pipeline is made when it is resumed, as catchup says.
func TestAfterWhilePaused(t *testing.T) {
	t.Parallel()
	both := []string{"01-01T00:00 SUCCEEDED after [up]", "01-02T00:00 SUCCEEDED after [up]"}
	for catchup, want := range map[pipeline.Catchup][]string{"": both[1:], pipeline.CatchupNone: nil, pipeline.CatchupLatest: both[1:], pipeline.CatchupAll: both} {
		t.Run("catchup "+string(catchup), func(t *testing.T) {
			t.Parallel()
			withRuns(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				pause, err := w.Pipelines.Pause(t.Context(), "down", "", time.Now())
				if err != nil || len(pause.Due) > 0 {
					t.Fatalf("%+v, %v", pause, err)
				}
				w.Tick("up", jan1)
				time.Sleep(time.Hour)
				w.Tick("up", jan2)
				time.Sleep(time.Hour)
				expect(t, w)
				resumed, err := w.Pipelines.Resume(t.Context(), "down", catchup, time.Now())
				if err != nil || len(resumed.Due) != 1 || resumed.Due[0].Due != 2 || resumed.Due[0].Made != len(want) {
					t.Errorf("resume: %+v, %v", resumed, err)
				}
				time.Sleep(time.Hour)
				expect(t, w, want...)
			}, up, down("{after: {pipeline: up}}"))
		})
	}
}

// Each value of a matrix has a run, with the params of the triggers.
func TestAfterWithMatrix(t *testing.T) {
	t.Parallel()
	withRuns(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Tick("up", jan2)
		time.Sleep(time.Hour)
		expect(t, w, "01-02T00:00 SUCCEEDED after [up] c=a", "01-02T00:00 SUCCEEDED after [up] c=b")
		for _, r := range runs(w) {
			if r.Pipeline == "down" && (r.Params["p"] != "x" || r.Priority != 7) {
				t.Errorf("params %v, priority %d", r.Params, r.Priority)
			}
		}
	}, up, down("{after: {pipeline: up}, params: {p: x}, priority: 7}", "params: {c: {}, p: {}}\nmatrix: {c: [a, b]}\n"))
}

// The triggers of a pipeline are independent: a schedule for the same time makes another run.
func TestAfterBesideASchedule(t *testing.T) {
	t.Parallel()
	withRuns(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Tick("down", jan2.Truncate(24*time.Hour))
		w.Tick("up", jan2)
		time.Sleep(time.Hour)
		expect(t, w, "01-02T00:00 SUCCEEDED after [up]", "01-02T00:00 SUCCEEDED schedule []")
	}, up, down("{after: {pipeline: up}}, {schedule: \"0 0 * * *\"}"))
}
