package backfill_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/backfill"
	"ephemr/internal/operation"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

const (
	rest  = "cluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]\n"
	daily = "pipeline: p\ntriggers: [{schedule: \"0 3 * * *\"}]\nlimits: {maxActive: 4}\n" + rest
	many  = "pipeline: m\nparams: {c: {}}\nmatrix: {c: [v1, v2, v3, v4, v5]}\ntriggers: [{schedule: \"0 3 * * *\"}]\n" + rest
	none  = "pipeline: none\n" + rest
)

func inWorld(t *testing.T, ticks bool, play func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: !ticks, Settings: func(s *stage.Settings) {
			s.Limits.MaxActive, s.Limits.PipelineMaxActive = 10, 10
		}})
		defer w.Close()
		for _, file := range []string{daily, many, none} {
			w.Apply(file)
		}
		play(t, w)
	})
}

func ask(w *simulation.World, op operation.Op, request any) (b backfill.Backfill, err error) {
	payload, err := operation.Payload(op, request)
	if err != nil {
		return b, err
	}
	reply, err := w.Invoke("control", payload)
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(reply, &b)
}

func day(n int) time.Time { return time.Date(1999, 12, n, 0, 0, 0, 0, time.UTC) }

func days(from, to int) backfill.Request {
	return backfill.Request{Pipeline: "p", From: day(from), To: day(to)}
}

func load(t *testing.T, w *simulation.World, id string) backfill.Backfill {
	t.Helper()
	s := &backfill.Store{DB: w.DB, Table: w.Settings.RunsTable, Slots: w.Settings.ClustersTable}
	b, err := s.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return *b
}

// states counts the runs by state at one moment: when nothing else runs. Read one by one
// while others change, a run and its successor could both be seen running.
func states(w *simulation.World) map[run.State]int {
	synctest.Wait()
	n := map[run.State]int{}
	for _, id := range w.RunIDs() {
		if r := w.Record(id).Run; r.Pipeline == "p" {
			n[r.State]++
		}
	}
	return n
}

// A backfill runs what is missing, in order and a few at a time, also of a paused pipeline;
// what the schedule has run is left alone, and the schedule finds what the backfill has run.
func TestMissing(t *testing.T) {
	t.Parallel()
	inWorld(t, true, func(t *testing.T, w *simulation.World) {
		w.Tick("p", day(3).Add(3*time.Hour))
		time.Sleep(time.Hour)
		if _, err := w.Pipelines.Pause(t.Context(), "p", "", time.Now()); err != nil {
			t.Fatal(err)
		}
		q := days(1, 11)
		q.Parallel = 2
		b, err := ask(w, operation.Backfill, q)
		if err != nil || b.Total != 9 {
			t.Fatalf("got %d runs, %v, want 9", b.Total, err)
		}
		most := 0
		for range 12 * 60 {
			time.Sleep(10 * time.Second)
			n := states(w)
			most = max(most, n[run.Running]+n[run.Admitted])
		}
		if most != 2 {
			t.Errorf("%d runs at a time, want 2", most)
		}
		w.Tick("p", day(5).Add(3*time.Hour))
		time.Sleep(time.Hour)
		if diff := cmp.Diff(map[run.State]int{run.Succeeded: 10}, states(w)); diff != "" {
			t.Errorf("runs -want +got:\n%s", diff)
		}
		if got := load(t, w, b.ID); got.State != backfill.Ended {
			t.Errorf("backfill is %s", got.State)
		}
	})
}

// Pausing keeps runs from starting at once; cancelling ends those that run and those that
// wait; neither leaves a run that nothing ends.
func TestPauseAndCancel(t *testing.T) {
	t.Parallel()
	inWorld(t, true, func(t *testing.T, w *simulation.World) {
		q := days(1, 31)
		q.Parallel = 3
		b, err := ask(w, operation.Backfill, q)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		change(t, w, operation.PauseBackfill, b.ID)
		before := states(w)[run.Queued]
		time.Sleep(time.Hour)
		if after := states(w); after[run.Queued] != before || after[run.Running] != 0 {
			t.Errorf("paused: %v, %d waited before", after, before)
		}
		change(t, w, operation.ResumeBackfill, b.ID)
		time.Sleep(5 * time.Minute)
		if states(w)[run.Running] == 0 {
			t.Error("nothing runs after it was resumed")
		}
		change(t, w, operation.CancelBackfill, b.ID)
		time.Sleep(3 * time.Minute)
		if n := states(w); n[run.Queued]+n[run.Admitted]+n[run.Running] > 0 {
			t.Errorf("cancelled: %v", n)
		}
		for _, op := range []operation.Op{operation.CancelBackfill, operation.PauseBackfill, operation.ResumeBackfill} {
			refused(t, w, op, b.ID, "is CANCELLED already")
		}
		time.Sleep(2 * time.Minute)
		if !load(t, w, b.ID).Settled {
			t.Error("the backfill is not settled")
		}
		// Another takes up what was cancelled.
		q.Only = backfill.All
		if _, err := ask(w, operation.Backfill, q); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if n := states(w); n[run.Succeeded] < 30 || n[run.Cancelled] > 0 {
			t.Errorf("run again: %v", n)
		}
	})
}

// Runs of the schedule go first, whatever the backfill has waiting.
func TestScheduleGoesFirst(t *testing.T) {
	t.Parallel()
	inWorld(t, true, func(t *testing.T, w *simulation.World) {
		q := days(1, 31)
		q.Parallel = 10
		if _, err := ask(w, operation.Backfill, q); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for i := range 6 {
			w.Tick("p", day(1).AddDate(-1, 0, i))
		}
		time.Sleep(15 * time.Minute)
		ended := 0
		for _, id := range w.RunIDs() {
			if r := w.Record(id).Run; r.Trigger.Kind == run.BySchedule && r.State == run.Succeeded {
				ended++
			}
		}
		if ended < 4 {
			t.Errorf("%d runs of the schedule have ended while the backfill goes on, want 4 at least", ended)
		}
	})
}

// 365 dates of 5 values are recorded, each once.
func TestManyRuns(t *testing.T) {
	t.Parallel()
	inWorld(t, false, func(t *testing.T, w *simulation.World) {
		began := time.Now()
		b, err := ask(w, operation.Backfill, backfill.Request{Pipeline: "m", From: day(31).AddDate(-1, 0, 1), To: day(31)})
		if err != nil {
			t.Fatal(err)
		}
		for time.Since(began) < time.Minute && load(t, w, b.ID).Recorded < b.Total {
			time.Sleep(time.Second)
		}
		if n := len(w.RunIDs()); b.Total < 1800 || n != b.Total {
			t.Errorf("%d runs of %d", n, b.Total)
		}
	})
}

// What is wrong with a request is said, with what to do.
func TestWrongRequests(t *testing.T) {
	t.Parallel()
	inWorld(t, false, func(t *testing.T, w *simulation.World) {
		with := func(change func(*backfill.Request)) backfill.Request {
			q := days(1, 5)
			change(&q)
			return q
		}
		for want, q := range map[string]backfill.Request{
			`pipeline \"x\" is not known`:       with(func(q *backfill.Request) { q.Pipeline = "x" }),
			"is after --to":                     days(5, 1),
			"in the future":                     with(func(q *backfill.Request) { q.To = time.Now().Add(time.Hour) }),
			"has no schedule; say with --every": with(func(q *backfill.Request) { q.Pipeline = "none" }),
			"more than 5000 runs": with(func(q *backfill.Request) {
				q.Pipeline, q.Every, q.From = "none", 60_000_000_000, day(1).AddDate(0, -3, 0)
			}),
			"invalid --only":               with(func(q *backfill.Request) { q.Only = "some" }),
			"invalid --order":              with(func(q *backfill.Request) { q.Order = "up" }),
			"invalid --parallel -1":        with(func(q *backfill.Request) { q.Parallel = -1 }),
			"is not a value of the matrix": with(func(q *backfill.Request) { q.Pipeline, q.Params = "m", map[string]string{"c": "v9"} }),
			"nothing to do":                with(func(q *backfill.Request) { q.Only = backfill.Failed }),
		} {
			if _, err := ask(w, operation.Backfill, q); err == nil || !strings.Contains(fmt.Sprint(err), strings.ReplaceAll(want, `\"`, `"`)) && !strings.Contains(fmt.Sprint(err), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		if _, err := ask(w, operation.CancelBackfill, backfill.Named{ID: "x"}); err == nil || !strings.Contains(err.Error(), "ephemr backfills lists") {
			t.Errorf("unknown backfill: %v", err)
		}
	})
}
