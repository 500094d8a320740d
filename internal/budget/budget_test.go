package budget_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"ephemr/internal/budget"
	"ephemr/internal/outbox"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

func at(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC)
}

func TestOf(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spent    run.Spent
		running  float64
		now      time.Time
		want     float64
		forecast float64
		percent  int
	}{
		"nothing":                       {now: at(11, 16), want: 0, forecast: 0},
		"half of November":              {spent: run.Spent{USD: 40, Since: at(11, 1)}, now: at(11, 16), want: 40, forecast: 80, percent: 40},
		"with runs that go on":          {spent: run.Spent{USD: 40, Since: at(11, 1)}, running: 10, now: at(11, 16), want: 50, forecast: 100, percent: 50},
		"since the 11th":                {spent: run.Spent{USD: 40, Since: at(11, 11).Add(time.Hour)}, now: at(11, 21), want: 40, forecast: 80, percent: 40},
		"an hour is taken for a day":    {spent: run.Spent{USD: 2, Since: at(11, 1)}, now: at(11, 1).Add(time.Hour), want: 2, forecast: 60, percent: 2},
		"the last day is no less":       {spent: run.Spent{USD: 99.9, Since: at(11, 30)}, now: at(11, 30).Add(time.Hour), want: 99.9, forecast: 99.9, percent: 99},
		"more than the budget, at once": {spent: run.Spent{USD: 250, Since: at(11, 1)}, now: at(11, 16), want: 250, forecast: 500, percent: 250},
	} {
		s := budget.Of("data", 100, tt.spent, tt.running, tt.now)
		if s.Month != "2026-11" || math.Abs(s.Spent-tt.want) > 1e-9 || math.Abs(s.Forecast-tt.forecast) > 1e-9 || s.Percent() != tt.percent {
			t.Errorf("%s: %+v, %d%%", name, s, s.Percent())
		}
	}
}

// end records a run of the team data that has ended, and books it twice.
func end(t *testing.T, runs *store.Runs, r run.Run) {
	t.Helper()
	for range 2 {
		if err := runs.Book(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// Each level is reported once a month, however often the tick comes, and what could not be
// recorded is recorded at the next one.
func TestCheck(t *testing.T) {
	t.Parallel()
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{{Name: store.ByState, PK: "gsState", SK: "gsOrder"}}})
	runs := &store.Runs{DB: db, Table: "runs"}
	c := &budget.Checker{
		Settings: stage.Settings{Stage: "dev", Costs: stage.Costs{Budgets: map[string]float64{"data": 100, "science": 100}}}, Runs: runs, Notices: &outbox.Store{DB: db, Table: "runs"},
	}
	tick := func(now time.Time, want int) {
		t.Helper()
		for range 2 {
			if err := c.Check(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		}
		if got := posted(db); got != want {
			t.Errorf("%s: %d notices, want %d", now.Format(time.DateOnly), got, want)
		}
	}
	put := func(id string, usd float64, now time.Time) {
		t.Helper()
		r := run.Run{ID: id, Pipeline: "p", Team: "data", State: run.Queued, RequestedAt: now}
		if _, _, err := runs.Create(t.Context(), r, &pipeline.Spec{Name: "p"}); err != nil {
			t.Fatal(err)
		}
		if ok, err := runs.Finish(t.Context(), r, run.Outcome{State: run.Succeeded}, now, run.Cost{EC2: usd}); !ok || err != nil {
			t.Fatalf("%t, %v", ok, err)
		}
		r.EndedAt, r.CostUSD = now, usd
		end(t, runs, r)
	}
	put("a", 79, at(11, 3))
	tick(at(11, 3), 0)
	put("b", 1, at(11, 4))
	db.FailNext("TransactWriteItems", awsfake.Throttled())
	if err := c.Check(t.Context(), at(11, 4)); err == nil {
		t.Error("the notice was not recorded, and there is no error")
	}
	tick(at(11, 4), 1) // the one that failed
	put("c", 19, at(11, 5))
	tick(at(11, 5), 1)
	put("d", 1, at(11, 6))
	tick(at(11, 6), 2)
	put("e", 500, at(12, 1))
	tick(at(12, 1), 3) // a month later, both at once
}

// posted is how many notices are recorded.
func posted(db *awsfake.DynamoDB) (n int) {
	for _, it := range db.Items("runs") {
		if strings.HasPrefix(records.Text(it["sk"]), records.EntryPrefix) {
			n++
		}
	}
	return n
}

// A run that was retried adds what it cost since.
func TestBookRetried(t *testing.T) {
	t.Parallel()
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{{Name: store.ByState, PK: "gsState", SK: "gsOrder"}}})
	runs := &store.Runs{DB: db, Table: "runs"}
	r := run.Run{ID: "r", Pipeline: "p", Team: "data", State: run.Queued, RequestedAt: at(11, 1)}
	if _, _, err := runs.Create(t.Context(), r, &pipeline.Spec{Name: "p"}); err != nil {
		t.Fatal(err)
	}
	r.EndedAt, r.CostUSD = at(11, 2), 3
	end(t, runs, r)
	r.EndedAt, r.CostUSD, r.Booked = at(11, 3), 5, 3
	end(t, runs, r)
	spent, err := runs.Spent(t.Context(), "data", at(11, 30))
	if err != nil || math.Abs(spent.USD-5) > 1e-9 || !spent.Since.Equal(at(11, 2)) {
		t.Errorf("%+v, %v", spent, err)
	}
}
