package backfill_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/backfill"
	"ephemr/internal/calendar"
	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/register"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// start starts a backfill.
func start(t *testing.T, w *simulation.World, q backfill.Request) string {
	t.Helper()
	b, err := ask(w, operation.Backfill, q)
	if err != nil {
		t.Fatal(err)
	}
	return b.ID
}

// change pauses, resumes or cancels a backfill.
func change(t *testing.T, w *simulation.World, op operation.Op, id string) {
	t.Helper()
	if _, err := ask(w, op, backfill.Named{ID: id}); err != nil {
		t.Fatal(err)
	}
}

// refused checks that an operation on a backfill is refused, and why.
func refused(t *testing.T, w *simulation.World, op operation.Op, id, want string) {
	t.Helper()
	if _, err := ask(w, op, backfill.Named{ID: id}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s of %s: %v, want %q", op, id, err, want)
	}
}

// of counts the runs of a backfill.
func of(w *simulation.World, id string) map[run.State]int {
	n := map[run.State]int{}
	for _, r := range w.RunIDs() {
		if r := w.Record(r).Run; r.Backfill == id {
			n[r.State]++
		}
	}
	return n
}

func active(n map[run.State]int) int { return n[run.Admitted] + n[run.Running] }

// Nothing waits for a tick: runs start when they are recorded and when their backfill is
// resumed. Pausing holds for whatever has not started, and 30 s after a cancellation no
// run of a backfill is left, whether its cluster starts or its steps run.
func TestPromptness(t *testing.T) {
	t.Parallel()
	for name, running := range map[string]time.Duration{"clusters start": 5 * time.Second, "steps run": 5 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, false, func(t *testing.T, w *simulation.World) {
				q := days(1, 31)
				q.Parallel = 3
				id := start(t, w, q)
				time.Sleep(5 * time.Second)
				if n := of(w, id); active(n) != 3 {
					t.Errorf("after 5 s: %v, want 3 at work", n)
				}
				change(t, w, operation.PauseBackfill, id)
				paused := of(w, id)[run.Queued]
				time.Sleep(time.Hour)
				if n := of(w, id); n[run.Queued] != paused {
					t.Errorf("paused: %v, %d waited before", n, paused)
				}
				change(t, w, operation.ResumeBackfill, id)
				time.Sleep(5 * time.Second)
				if n := of(w, id); active(n) == 0 {
					t.Errorf("5 s after it was resumed: %v, nothing at work", n)
				}
				time.Sleep(running)
				change(t, w, operation.CancelBackfill, id)
				time.Sleep(30 * time.Second)
				if n := of(w, id); n[run.Queued]+active(n) > 0 {
					t.Errorf("30 s after the cancellation: %v", n)
				}
			})
		})
	}
}

// Paused and then cancelled, and each of it twice: the second time is refused, and nothing
// is left.
func TestPausedThenCancelled(t *testing.T) {
	t.Parallel()
	inWorld(t, true, func(t *testing.T, w *simulation.World) {
		id := start(t, w, days(1, 31))
		time.Sleep(time.Minute)
		for _, op := range []operation.Op{operation.PauseBackfill, operation.CancelBackfill} {
			change(t, w, op, id)
			refused(t, w, op, id, " already")
		}
		time.Sleep(10 * time.Minute)
		if b := load(t, w, id); !b.Settled || of(w, id)[run.Cancelled] != b.Total {
			t.Errorf("settled: %t, runs %v of %d", b.Settled, of(w, id), b.Total)
		}
		s := &backfill.Store{DB: w.DB, Table: w.Settings.RunsTable, Slots: w.Settings.ClustersTable}
		if open, err := s.Open(t.Context()); err != nil || len(open) > 0 {
			t.Errorf("ticks read %v, %v", open, err)
		}
	})
}

// What fails is retried by another backfill: only what the first has run, whatever else
// has failed of these dates.
func TestRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fails := true
		w := simulation.New(simulation.Config{Steps: func(simulation.Attempt) simulation.Step {
			if fails {
				return simulation.Step{ExitCode: 1}
			}
			return simulation.Step{}
		}, Settings: func(s *stage.Settings) { s.Limits.MaxActive, s.Limits.PipelineMaxActive = 10, 10 }})
		defer w.Close()
		w.Apply(daily)
		w.Tick("p", day(2).Add(3*time.Hour)) // fails too, and is not the backfill's
		time.Sleep(time.Hour)
		q := days(1, 5)
		q.Parallel = 4
		first := start(t, w, q)
		time.Sleep(2 * time.Hour)
		if n := of(w, first); n[run.Failed] != 3 {
			t.Fatalf("runs %v", n)
		}
		fails = false
		b, err := ask(w, operation.RetryBackfill, backfill.RetryRequest{ID: first, By: "ann"})
		if err != nil || b.Total != 3 || b.Request.Of != first || b.Request.By != "ann" {
			t.Fatalf("retry of %s: %+v, %v", first, b, err)
		}
		time.Sleep(2 * time.Hour)
		if n := of(w, b.ID); n[run.Succeeded] != 3 || load(t, w, b.ID).State != backfill.Ended {
			t.Errorf("retried: %v", n)
		}
		refused(t, w, operation.RetryBackfill, first, "nothing to do")
		if n := states(w); n[run.Failed] != 1 {
			t.Errorf("runs %v, want the schedule's to have failed", n)
		}
	})
}

// A date that is refused is recorded with its reason while the others run, and runs when
// the pipeline is repaired.
func TestRefusedDate(t *testing.T) {
	t.Parallel()
	inWorld(t, true, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.Replace(daily, "source: a}", `source: a, args: ['{{if eq .LogicalDate "1999-12-02"}}{{.Trigger.Key}}{{end}}']}`, 1))
		q := days(1, 5)
		q.Parallel = 4
		id := start(t, w, q)
		time.Sleep(2 * time.Hour)
		if diff := cmp.Diff(map[run.State]int{run.Succeeded: 3, run.Rejected: 1}, of(w, id)); diff != "" {
			t.Fatalf("runs -want +got:\n%s", diff)
		}
		if b := load(t, w, id); b.State != backfill.Ended {
			t.Errorf("backfill is %s", b.State)
		}
		w.Apply(daily)
		b, err := ask(w, operation.RetryBackfill, backfill.RetryRequest{ID: id})
		if err != nil || b.Total != 1 {
			t.Fatalf("retry of %d runs, %v", b.Total, err)
		}
		time.Sleep(2 * time.Hour)
		if diff := cmp.Diff(map[run.State]int{run.Succeeded: 1}, of(w, b.ID)); diff != "" {
			t.Errorf("repaired: runs -want +got:\n%s", diff)
		}
	})
}

// When the pipeline changes while runs are recorded, those that its new version refuses
// are rejected, and no run is made that the backfill does not know.
func TestPipelineChanges(t *testing.T) {
	t.Parallel()
	matrix := "pipeline: p\nparams: {c: {}}\nmatrix: {c: [x, y]}\ntriggers: [{schedule: \"0 3 * * *\"}]\n" + rest
	for name, tt := range map[string]struct {
		before, after string
		want          map[run.State]int
	}{
		"schedule":       {daily, strings.Replace(daily, "0 3 * * *", "0 4 * * *", 1), map[run.State]int{run.Succeeded: 4}},
		"no schedule":    {daily, "pipeline: p\n" + rest, map[run.State]int{run.Succeeded: 4}},
		"matrix added":   {daily, matrix, map[run.State]int{run.Rejected: 4}},
		"value removed":  {matrix, strings.Replace(matrix, "[x, y]", "[x]", 1), map[run.State]int{run.Succeeded: 4, run.Rejected: 4}},
		"matrix removed": {matrix, daily, map[run.State]int{run.Rejected: 8}},
		"matrix as param": {
			matrix, strings.Replace(strings.Replace(matrix, "matrix: {c: [x, y]}\n", "", 1), "c: {}", "c: {default: x}", 1),
			map[run.State]int{run.Succeeded: 8},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, true, func(t *testing.T, w *simulation.World) {
				w.Apply(tt.before)
				id := planOnly(t, w, days(1, 5))
				w.Apply(tt.after)
				time.Sleep(24 * time.Hour)
				if diff := cmp.Diff(tt.want, of(w, id)); diff != "" {
					t.Errorf("runs -want +got:\n%s", diff)
				}
				if b := load(t, w, id); b.State != backfill.Ended {
					t.Errorf("backfill is %s", b.State)
				}
				reported := slices.ContainsFunc(w.SNS.Published(w.Settings.Topic), func(m sns.PublishInput) bool { return strings.Contains(*m.Message, "REJECTED") })
				if reported != (tt.want[run.Rejected] > 0) {
					t.Errorf("rejected runs are reported: %t", reported)
				}
			})
		})
	}
}

// planOnly starts a backfill and leaves it to the next tick.
func planOnly(t *testing.T, w *simulation.World, q backfill.Request) string {
	t.Helper()
	c := &backfill.Controller{
		Store:     &backfill.Store{DB: w.DB, Table: w.Settings.RunsTable, Slots: w.Settings.ClustersTable},
		Pipelines: w.Pipelines, Runs: &store.Runs{DB: w.DB, Table: w.Settings.RunsTable},
		Wake: func(context.Context, string) error { return nil },
	}
	b, err := c.Start(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return b.ID
}

// A backfill whose pipeline is deleted is cancelled.
func TestPipelineIsDeleted(t *testing.T) {
	t.Parallel()
	inWorld(t, true, func(t *testing.T, w *simulation.World) {
		id := planOnly(t, w, days(1, 5))
		if _, err := w.Pipelines.Delete(t.Context(), "p", false, time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		if b := load(t, w, id); b.State != backfill.Cancelled || b.Reason != "pipeline p has been deleted" || !b.Settled || len(w.RunIDs()) > 0 {
			t.Errorf("backfill %+v, %d runs", b, len(w.RunIDs()))
		}
	})
}

// A backfill pauses when its runs have cost as much as it may, and says so.
func TestMaxCost(t *testing.T) {
	t.Parallel()
	inWorld(t, true, func(t *testing.T, w *simulation.World) {
		q := days(1, 31)
		q.MaxCost = 0.0001
		id := start(t, w, q)
		time.Sleep(3 * time.Hour)
		if b := load(t, w, id); b.State != backfill.Paused || !strings.Contains(b.Reason, "and --max-cost is 0.00") || of(w, id)[run.Queued] < 20 {
			t.Errorf("backfill is %s: %q, runs %v", b.State, b.Reason, of(w, id))
		}
	})
}

// A run that is recorded after the cancellation of its backfill, by an invocation that has
// read the backfill before, is cancelled too.
func TestLateRecording(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true})
		defer w.Close()
		w.Apply(daily)
		runs := &store.Runs{DB: w.DB, Table: w.Settings.RunsTable}
		release := make(chan struct{})
		worker := &backfill.Worker{
			Store: &backfill.Store{DB: w.DB, Table: w.Settings.RunsTable, Slots: w.Settings.ClustersTable}, Runs: runs, Pipelines: w.Pipelines,
			Make: func(ctx context.Context, b backfill.Backfill, _ register.Version, c backfill.Child, at time.Time) error {
				<-release
				id, err := b.RunID(c)
				if err == nil {
					_, _, err = runs.Create(ctx, run.Run{ID: id, Pipeline: "p", State: run.Queued, LogicalTime: c.Planned(), RequestedAt: at, Backfill: b.ID, Parallel: 1}, nil)
				}
				return err
			},
			Wake: func(context.Context, string) error { return nil }, Admit: func(context.Context, ...string) {},
		}
		at := day(1).Add(3 * time.Hour)
		b := backfill.Backfill{
			ID: "b", Request: backfill.Request{Pipeline: "p", From: at, To: at, Only: backfill.Missing, Parallel: 1}, State: backfill.Running, CreatedAt: time.Now().UTC(), Total: 1,
			Plan: backfill.Plan{Schedules: []calendar.Schedule{{Pipeline: "p"}}, Children: []backfill.Child{{At: at.Unix()}}},
		}
		tick := func() {
			t.Helper()
			if err := worker.Tick(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if err := worker.Store.Create(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		go func() { _ = worker.Work(t.Context(), b.ID) }()
		synctest.Wait()
		if ok, err := worker.Store.Change(t.Context(), b, backfill.Cancelled, "", time.Now()); err != nil || !ok {
			t.Fatal(ok, err)
		}
		tick()
		time.Sleep(45 * time.Second)
		close(release)
		synctest.Wait()
		if n := of(w, b.ID); n[run.Queued] != 1 {
			t.Fatalf("runs %v, want one that was recorded late", n)
		}
		for range 4 {
			time.Sleep(time.Minute)
			tick()
		}
		if n := of(w, b.ID); n[run.Cancelled] != 1 || !load(t, w, b.ID).Settled {
			t.Errorf("runs %v, settled: %t", n, load(t, w, b.ID).Settled)
		}
	})
}

// The interval of a chunk's run is the chunk.
func TestChunkOfARun(t *testing.T) {
	t.Parallel()
	inWorld(t, true, func(t *testing.T, w *simulation.World) {
		q := backfill.Request{Pipeline: "none", Chunk: pipeline.Duration(7 * 24 * time.Hour), From: day(1), To: day(10)}
		id := start(t, w, q)
		time.Sleep(2 * time.Hour)
		for _, x := range w.RunIDs() {
			if r := w.Record(x).Run; r.Backfill != id || r.State != run.Succeeded || r.IntervalEnd.Sub(r.IntervalStart) != 7*24*time.Hour || !r.IntervalStart.Equal(r.LogicalTime) {
				t.Errorf("run %s of %s to %s is %s", r.ID, r.IntervalStart, r.IntervalEnd, r.State)
			}
		}
		if n := len(w.RunIDs()); n != 2 {
			t.Errorf("%d runs, want 2", n)
		}
	})
}
