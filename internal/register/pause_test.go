package register_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
)

// Paused from 00:30 to 04:30; what became due meanwhile is made as asked.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		catchup pipeline.Catchup
		want    []time.Time // requested until 05:30
		skipped int
	}{
		"none":             {pipeline.CatchupNone, hours(5), 1},
		"latest":           {pipeline.CatchupLatest, hours(4, 5), 1},
		"all":              {pipeline.CatchupAll, hours(1, 2, 3, 4, 5), 0},
		"as the file says": {"", hours(4, 5), 0}, // the calendar records what it skips
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFixture()
				f.Store.Runs = "runs"
				f.apply(t, `triggers: [{schedule: "0 * * * *"}]`)
				time.Sleep(30 * time.Minute)
				f.pause(t)
				f.pause(t) // it can be repeated
				time.Sleep(4 * time.Hour)
				if got := f.tick(t); len(got) > 0 {
					t.Errorf("requested %v of a paused pipeline", got)
				}
				f.apply(t, "triggers: [{schedule: \"0 * * * *\"}]\nowner: a@example.com") // a new version is paused, too
				if v, err := f.Store.Current(t.Context(), "p"); err != nil || !v.Paused || len(f.tick(t)) > 0 {
					t.Errorf("current is %+v, %v", v, err)
				}
				f.owes(t, hours(1, 2, 3, 4))
				for range 2 {
					if _, err := f.Store.Resume(t.Context(), "p", tt.catchup, time.Now()); err != nil {
						t.Fatal(err)
					}
				}
				if n := len(f.db.Items("runs")); n != tt.skipped {
					t.Errorf("%d records of skipped dates, want %d", n, tt.skipped)
				}
				got := f.tick(t)
				time.Sleep(time.Hour)
				got = append(got, f.tick(t)...)
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("requested -want +got:\n%s", diff)
				}
			})
		})
	}
}

func (f fixture) pause(t *testing.T) {
	t.Helper()
	if _, err := f.Store.Pause(t.Context(), "p", "", time.Now()); err != nil {
		t.Fatal(err)
	}
}

// owes checks what became due while the pipeline was paused.
func (f fixture) owes(t *testing.T, want []time.Time) {
	t.Helper()
	all, err := f.Store.Schedules(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	var got []time.Time
	for _, s := range all {
		due, err := s.Due(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for at := range due {
			got = append(got, at)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("owed -want +got:\n%s", diff)
	}
}

// A pipeline is paused with all of its schedules or not at all, also while it is applied
// or the calendar moves.
func TestPauseMeanwhile(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(*testing.T, fixture){
		"applied": func(t *testing.T, f fixture) { t.Helper(); f.apply(t, few) },
		"moved":   func(t *testing.T, f fixture) { t.Helper(); f.tick(t) },
		"paused": func(t *testing.T, f fixture) {
			t.Helper()
			if _, err := f.Store.Pause(t.Context(), "p", "", time.Now()); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFixture()
				f.apply(t, many)
				time.Sleep(24 * time.Hour)
				f.db.Use(&awsfake.Hooks{Before: beforeWrite(func() { other(t, f) })})
				if _, err := f.Store.Pause(t.Context(), "p", "", time.Now()); err != nil {
					t.Fatal(err)
				}
				f.db.Use(nil)
				for _, it := range f.db.Items("pipelines") {
					if it[records.DueName] != nil {
						t.Errorf("%s is still due", records.Text(it["sk"]))
					}
				}
				if v, err := f.Store.Current(t.Context(), "p"); err != nil || !v.Paused {
					t.Errorf("current is %+v, %v", v, err)
				}
			})
		})
	}
}

func TestPauseUnknown(t *testing.T) {
	t.Parallel()
	f := newFixture()
	if _, err := f.Store.Pause(t.Context(), "q", "", time.Now()); fault.NameOf(err) != fault.InvalidInput {
		t.Errorf("got %v", err)
	}
}

// A tick at any call of a pause and of a resumption: each date is requested exactly once.
func TestPauseAtTick(t *testing.T) {
	t.Parallel()
	for n := range 5 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFixture()
				f.Store.Runs = "runs"
				f.apply(t, `triggers: [{schedule: "0 * * * *"}, {schedule: "0 4 * * *"}]`)
				var got []time.Time
				during := func(change func() error) {
					f.db.Use(&awsfake.Hooks{Before: nth(n, func() { got = append(got, f.tick(t)...) })})
					if err := change(); err != nil {
						t.Fatal(err)
					}
					f.db.Use(nil)
				}
				time.Sleep(time.Hour)
				during(func() error { return second(f.Store.Pause(t.Context(), "p", "", time.Now())) })
				time.Sleep(3 * time.Hour)
				during(func() error { return second(f.Store.Resume(t.Context(), "p", pipeline.CatchupAll, time.Now())) })
				got = append(got, f.tick(t)...)
				time.Sleep(time.Hour)
				got = append(got, f.tick(t)...)
				slices.SortFunc(got, time.Time.Compare)
				if diff := cmp.Diff(hours(1, 2, 3, 4, 4, 5), got); diff != "" {
					t.Errorf("requested -want +got:\n%s", diff)
				}
			})
		})
	}
}
