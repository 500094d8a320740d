package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	core "ephemr/internal/calendar"
	"ephemr/internal/cli/calendar"
	"ephemr/internal/cli/exit"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/view/calendarview"
)

func (w *world) calendar(o calendar.Options) error {
	return calendar.Run(w.t.Context(), o, w.io, calendar.Clients{
		Pipelines: w.pipelines, Runs: w.runs, Skips: &core.Store{DB: w.db, Table: "pipelines", Runs: "runs"},
	})
}

// month registers a pipeline on the first of a month, and has a run of every state of
// the days after, on the twelfth.
func (w *world) month() {
	w.t.Helper()
	spec := twoJobs
	spec.Triggers = []pipeline.Trigger{{Schedule: "0 3 * * *", Timezone: "Europe/Berlin", DependsOnPast: true}}
	_, _, err := w.pipelines.Add(w.t.Context(), spec, "digest", time.Now())
	w.no(err)
	all, err := w.pipelines.Schedules(w.t.Context(), spec.Name)
	w.no(err)
	s := all[0]
	day := func(n int) time.Time { return time.Date(2000, 1, n, 2, 0, 0, 0, time.UTC) }
	time.Sleep(11*24*time.Hour + 10*time.Hour)
	for i, x := range []struct {
		state run.State
		kind  string
	}{
		{run.Succeeded, run.BySchedule},
		{run.Failed, run.BySchedule},
		{run.Cancelled, run.BySchedule},
		{run.Succeeded, "backfill"},
		{run.Running, run.BySchedule},
		{run.Admitted, run.BySchedule},
		{run.Queued, run.BySchedule},
	} {
		at := day(2 + i)
		r := run.Run{
			ID: s.RunID(at), Pipeline: spec.Name, State: x.state, Trigger: run.Trigger{Kind: x.kind, Schedule: s.String()}, LogicalTime: at, RequestedAt: at,
		}
		if x.state == run.Failed {
			r.Class, r.Reason = job.ClassJob, "job clean: exit code 3"
		}
		if x.state == run.Queued {
			r.After = s.RunID(day(1 + i))
		}
		w.made(w.runs.Create(w.t.Context(), r, &twoJobs))
	}
	skip, err := core.Skipped{Schedule: s.String(), First: day(9), Last: day(10), Reason: "catchup: latest"}.Put("runs", s, time.Now())
	w.no(err)
	_, err = w.db.TransactWriteItems(w.t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{skip}})
	w.no(err)
	moved, err := (&core.Store{DB: w.db, Table: "pipelines", Runs: "runs"}).Move(w.t.Context(), s, core.Plan{Last: day(11), Next: day(12)}, time.Now())
	w.no(err)
	if !moved {
		w.t.Error("not moved")
	}
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]calendar.Options{
		"recent": {}, "span": {From: "1999-12-30", To: "2000-01-03"}, "ahead": {From: "2000-01-11", To: "2000-01-14"}, "nothing": {From: "2000-01-03T12:00:00Z", To: "2000-01-03T13:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.month()
				o.Pipeline = twoJobs.Name
				w.no(w.calendar(o))
				w.golden("calendar-" + name)
			})
		})
	}
}

// Each state is a word of its own, so that they can be told apart without colours.
func TestCalendarStates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.month()
		w.no(w.calendar(calendar.Options{Pipeline: twoJobs.Name, JSON: true}))
		var c calendarview.Calendar
		w.no(json.Unmarshal([]byte(w.out.String()), &c))
		var got []string
		for _, d := range c.Dates {
			got = append(got, strings.TrimSpace(fmt.Sprint(d.Cells[0].State, " ", d.Cells[0].By)))
		}
		want := "missing, succeeded schedule, failed schedule, cancelled schedule, succeeded backfill, running schedule, queued schedule, queued schedule, skipped, skipped, missing, due"
		if strings.Join(got, ", ") != want {
			t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
		}
		if len(c.Next) != 10 || c.Next[0].Local != "2000-01-13T03:00:00+01:00" || len(c.Columns) != 1 {
			t.Errorf("next %+v, columns %q", c.Next, c.Columns)
		}
	})
}

func TestCalendarRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.month()
		for want, o := range map[string]calendar.Options{
			"pipeline nope not found":         {Pipeline: "nope"},
			"--from: invalid date":            {Pipeline: twoJobs.Name, From: "yesterday"},
			"--to: invalid date":              {Pipeline: twoJobs.Name, To: "2000-02-30"},
			"--from 2000-02-01 is after --to": {Pipeline: twoJobs.Name, From: "2000-02-01", To: "2000-01-01"},
			"more than 10000 planned times":   {Pipeline: twoJobs.Name, From: "1970-01-01"},
		} {
			err := w.calendar(o)
			if err == nil || !strings.Contains(err.Error(), want) || exit.CodeOf(err) != exit.CodeUsage {
				t.Errorf("got %v, want %q", err, want)
			}
		}
	})
}

// A pipeline without schedule is no error; dates before the newest hundred are counted.
func TestCalendarOfManyDates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		spec := twoJobs
		_, _, err := w.pipelines.Add(t.Context(), spec, "1", time.Now())
		w.no(err)
		w.no(w.calendar(calendar.Options{Pipeline: spec.Name}))
		if !strings.Contains(w.err.String(), "no schedule") {
			t.Errorf("got %s", w.err.String())
		}
		spec.Triggers = []pipeline.Trigger{{Schedule: "* * * * *"}}
		_, _, err = w.pipelines.Add(t.Context(), spec, "2", time.Now())
		w.no(err)
		time.Sleep(3 * time.Hour)
		w.no(w.calendar(calendar.Options{Pipeline: spec.Name}))
		if n := strings.Count(w.out.String(), " due "); n != 100 || !strings.Contains(w.err.String(), "80 dates before these") {
			t.Errorf("%d dates, %s", n, w.err.String())
		}
	})
}
