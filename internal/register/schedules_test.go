package register_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/calendar"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
)

// schedules are the items of the pipeline's schedules, by key.
func (f fixture) schedules(t *testing.T) []calendar.Schedule {
	t.Helper()
	var all []calendar.Schedule
	for _, it := range f.db.Items("pipelines") {
		if sort := records.Text(it["sk"]); records.Text(it["pk"]) != "p" || sort < records.RetiredPrefix || sort > records.SchedulesLast {
			continue
		}
		var s calendar.Schedule
		if err := attributevalue.UnmarshalMap(it, &s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func (f fixture) remove(t *testing.T, k records.Key) {
	t.Helper()
	table := "pipelines"
	if _, err := f.db.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: k.Attributes()}); err != nil {
		t.Fatal(err)
	}
}

// tick handles what is due of the schedules at a time, as a tick does, and returns the
// planned times that were requested.
func (f fixture) tick(t *testing.T) []time.Time {
	t.Helper()
	store := &calendar.Store{DB: f.db, Table: "pipelines", Runs: "runs"}
	var made []time.Time
	now := time.Now().UTC()
	if err := store.Due(t.Context(), now, func(s calendar.Schedule) bool {
		p, err := s.Plan(now, 1000)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, p.Make...)
		if moved, err := store.Move(t.Context(), s, p, now); !moved || err != nil {
			t.Errorf("%s not moved: %v", s, err)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return made
}

// hours are times of the first day of the bubble.
func hours(hs ...int) []time.Time {
	var all []time.Time
	for _, h := range hs {
		all = append(all, time.Date(2000, 1, 1, h, 0, 0, 0, time.UTC))
	}
	return all
}

// What a schedule owes when it is changed or removed is requested; no date is lost or
// requested twice.
func TestSchedulesChange(t *testing.T) {
	t.Parallel()
	const (
		hourly = `{schedule: "0 * * * *", catchup: all}`
		daily  = `{schedule: "0 5 * * *", catchup: all}`
	)
	for name, tt := range map[string]struct {
		before, after string
		want          []time.Time // with a change at 2:30, without a tick since midnight, until 6:30
	}{
		"unchanged":             {hourly, hourly, hours(1, 2, 3, 4, 5, 6)},
		"moved to another line": {hourly, daily + ", " + hourly, hours(1, 2, 3, 4, 5, 5, 6)},
		"changed":               {hourly, daily, hours(1, 2, 5)},
		"removed":               {hourly, ``, hours(1, 2)},
		"added":                 {``, hourly, hours(3, 4, 5, 6)},
		"changed, owes nothing": {daily, hourly, hours(3, 4, 5, 6)},
		"another policy":        {`{schedule: "0 * * * *", catchup: none}`, hourly, hours(1, 2, 3, 4, 5, 6)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFixture()
				f.apply(t, "triggers: ["+tt.before+"]")
				time.Sleep(150 * time.Minute)
				f.apply(t, "triggers: ["+tt.after+"]\nowner: a@example.com")
				time.Sleep(4 * time.Hour)
				got := f.tick(t)
				if diff := cmp.Diff(len(tt.want), len(got)); diff != "" {
					t.Errorf("requested %v, want %v", got, tt.want)
				}
				for _, w := range tt.want {
					found := false
					for _, g := range got {
						found = found || g.Equal(w)
					}
					if !found {
						t.Errorf("requested %v, want %v", got, tt.want)
					}
				}
				if again := f.tick(t); len(again) > 0 {
					t.Errorf("requested again: %v", again)
				}
				for _, s := range f.schedules(t) {
					if !s.Until.IsZero() {
						t.Errorf("%s is still there", s.Sort)
					}
				}
			})
		})
	}
}

// A registration and a tick at the same time: the schedule is not moved back.
func TestScheduleMovesMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		f.apply(t, `triggers: [{schedule: "0 * * * *"}]`)
		time.Sleep(61 * time.Minute)
		f.db.Use(&awsfake.Hooks{Before: beforeWrite(func() { f.tick(t) })})
		f.apply(t, `triggers: [{schedule: "0 * * * *", catchup: none}]`)
		f.db.Use(nil)
		if s := f.schedules(t); len(s) != 1 || !s[0].Last.Equal(hours(1)[0]) || s[0].Catchup != "none" {
			t.Errorf("schedules %+v", s)
		}
		if got := f.tick(t); len(got) > 0 {
			t.Errorf("requested again: %v", got)
		}
	})
}

// Pipelines that were registered when EventBridge Scheduler had their schedules get
// them in the calendar, from before the change on: dates are requested again and find
// their runs.
func TestAdopt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		registered time.Duration // before the change
		want       []time.Time   // requested 30 minutes after the change at 5:15
	}{
		"long ago":       {4 * time.Hour, hours(4, 5)},
		"an hour before": {time.Hour, hours(5)},
		"just before":    {10 * time.Minute, nil},
	} {
		for how, first := range map[string]func(t *testing.T, f fixture){
			"calendar": func(t *testing.T, f fixture) {
				t.Helper()
				if err := f.Store.Adopt(t.Context(), time.Now()); err != nil {
					t.Error(err)
				}
			},
			"register": func(t *testing.T, f fixture) {
				t.Helper()
				f.apply(t, "triggers: [{schedule: \"0 * * * *\", catchup: all}]\nowner: a@example.com")
			},
			"register, changed": func(t *testing.T, f fixture) {
				t.Helper()
				f.apply(t, "triggers: [{schedule: \"0 7 * * *\", catchup: all}]\nowner: a@example.com")
			},
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := newFixture()
					time.Sleep(315*time.Minute - tt.registered)
					f.apply(t, `triggers: [{schedule: "0 * * * *", catchup: all}]`)
					f.remove(t, records.ScheduleKey("p", 0))
					time.Sleep(tt.registered)
					first(t, f)
					if err := f.Store.Adopt(t.Context(), time.Now()); err != nil {
						t.Error(err)
					}
					time.Sleep(30 * time.Minute)
					if diff := cmp.Diff(tt.want, f.tick(t)); diff != "" {
						t.Errorf("requested -want +got:\n%s", diff)
					}
				})
			})
		}
	}
}
