package cli_test

import (
	"strings"
	"testing"
	"time"

	"ephemr/internal/cli/cost"
	"ephemr/internal/records"
	"ephemr/internal/run"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

var november = time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC)

// spent records a run that has ended.
func (w *world) spent(id string, r run.Run) {
	w.t.Helper()
	r.ID = id
	it, err := attributevalue.MarshalMap(r)
	w.no(err)
	for k, v := range records.RunKey(id).Attributes() {
		it[k] = v
	}
	it[records.StateName], it[records.StateOrderName] = records.String(string(r.State)), records.String(records.TimeOrder(r.EndedAt, id))
	it[records.PipelineName], it[records.PipelineOrderName] = records.String(r.Pipeline), records.String(records.TimeOrder(r.EndedAt, id))
	_, err = w.db.PutItem(w.t.Context(), &dynamodb.PutItemInput{TableName: &w.settings.RunsTable, Item: it})
	w.no(err)
}

func of(pipeline string, state run.State, at time.Time, c run.Cost) run.Run {
	return run.Run{Pipeline: pipeline, Team: "data", State: state, EndedAt: at, CostUSD: c.USD(), Cost: &c}
}

func TestCost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		o    cost.Options
		want []string // words of lines of the table
		err  string
	}{
		"by pipeline, this month": {cost.Options{By: "pipeline"}, []string{"a 2 3.50 3.00 0.50 0.75 0.75", "b 1 at least 1.00 1.00", "total 3 at least 4.50 4.00 0.50 0.75 0.75"}, ""},
		"a day":                   {cost.Options{By: "day", From: "2026-11-03", To: "2026-11-03"}, []string{"2026-11-03 1 2.00 2.00"}, ""},
		"a month before":          {cost.Options{By: "team", From: "2026-10-01", To: "2026-10-31"}, []string{"data 1 8.00 8.00", "budget of data in 2026-11: 30.00 of 100.00 USD spent, forecast 94.74 USD"}, ""},
		"nothing":                 {cost.Options{By: "team", From: "2026-09-01", To: "2026-09-30"}, []string{"no runs ended from 2026-09-01 to 2026-09-30"}, ""},
		"by what":                 {cost.Options{By: "owner"}, nil, `invalid --by "owner"`},
		"from when":               {cost.Options{By: "day", From: "monday"}, nil, `invalid --from "monday"`},
		"backwards":               {cost.Options{By: "day", From: "2026-11-03", To: "2026-11-02"}, nil, "--from 2026-11-03 is after --to"},
		"too long":                {cost.Options{By: "day", From: "2020-11-03"}, nil, "days are too many"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.spent("a1", of("a", run.Succeeded, time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), run.Cost{EC2: 1, EMR: 0.5}))
			w.spent("a2", of("a", run.Failed, time.Date(2026, 11, 3, 23, 59, 0, 0, time.UTC), run.Cost{EC2: 2, Attempts: 0.75}))
			w.spent("b1", of("b", run.Cancelled, time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC), run.Cost{EC2: 1, Unknown: []string{"x9"}}))
			w.spent("c1", of("a", run.Succeeded, time.Date(2026, 10, 31, 23, 59, 59, 0, time.UTC), run.Cost{EC2: 8}))
			w.settings.Costs.Budgets = map[string]float64{"data": 100}
			w.no(w.runs.Book(t.Context(), run.Run{ID: "a1", Team: "data", CostUSD: 30, EndedAt: time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC)}))
			err := cost.Run(t.Context(), tt.o, w.io, w.settings, w.runs, w.db, november)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("%v, want %q", err, tt.err)
				}
				return
			}
			w.no(err)
			text := strings.Join(strings.Fields(w.out.String()+w.err.String()), " ")
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in %s", want, text)
				}
			}
		})
	}
}
