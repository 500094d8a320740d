package statemachines_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
)

// asking has a check that Athena decides.
const asking = "pipeline: asking\n" + onSmall + `limits: {deadline: 1h}
jobs: [{name: a, type: bash, source: a}]
checks:
  - name: orders without a price
    sql: |
      -- one for each row
      select id, price from orders
      where dt = {{.LogicalDate}} and price is null
OPTIONS`

// answer is that of the check, after so many rows.
func answer(rows int, takes time.Duration) awsfake.AthenaAnswer {
	a := awsfake.AthenaAnswer{Runs: takes, Scanned: 123 << 20, Columns: []types.ColumnInfo{
		{Name: new("ephemr_rows"), Type: new("bigint")}, {Name: new("id"), Type: new("varchar")}, {Name: new("price"), Type: new("double")},
	}}
	for i := range min(rows, job.MaxSamples) {
		a.Rows = append(a.Rows, []*string{new(fmt.Sprint(rows)), new(fmt.Sprintf("o-%d", i)), nil})
	}
	return a
}

const (
	released = "CheckData Checked ReleaseBeforeSQL"
	looks    = "CheckSQL CheckedSQL"
)

// sqlCase is a check, how Athena answers, and what is found.
type sqlCase struct {
	options string
	before  func(w *simulation.World)
	answer  awsfake.AthenaAnswer
	looks   int // without an answer
	fails   string
	found   string
	warns   bool
}

// check checks what a run has found, and that it has asked once.
func (c sqlCase) check(t *testing.T, w *simulation.World, rec *run.Record) {
	t.Helper()
	if reason := rec.Run.Reason; !strings.Contains(reason, c.fails) {
		t.Errorf("reason: %s", reason)
	}
	all := rec.AllFindings()
	if len(all) != 1 || !strings.HasPrefix(all[0].Found, c.found) || all[0].Source != job.SourceAthena || all[0].Warn != c.warns {
		t.Fatalf("found %+v", all)
	}
	if n := len(c.answer.Rows); n > 0 && (len(all[0].Samples) != n || all[0].Samples[n-1].Values["id"] != fmt.Sprintf("o-%d", n-1)) {
		t.Errorf("samples %+v", all[0].Samples)
	}
	if n := len(w.Athena.Started()); c.answer.Refused == "" && n != 1 {
		t.Errorf("%d queries were started: %q", n, w.Athena.Started())
	}
}

// Queries decide after the other checks, when the cluster is released, and each is started once.
func TestSQL(t *testing.T) {
	t.Parallel()
	const more = 7 // than are shown
	ill := &smithy.GenericAPIError{Code: "InternalServerException", Message: "x", Fault: smithy.FaultServer}
	cut := answer(0, time.Second)
	cut.Fails = "line 4:9: Column 'prize' cannot be resolved"
	for name, tt := range map[string]sqlCase{
		"no rows":                      {answer: answer(0, 0), found: "0 rows"},
		"after a while":                {answer: answer(0, 4500*time.Millisecond), looks: 5, found: "0 rows"},
		"some rows":                    {answer: answer(3, time.Second), looks: 1, found: "3 rows", fails: "expected no rows of orders without a price, found 3 rows"},
		"many rows":                    {answer: answer(job.MaxSamples+more, time.Second), looks: 1, found: "27 rows", fails: "found 27 rows"},
		"as many as are allowed":       {options: `    atMost: "3"`, answer: answer(3, 0), found: "3 rows"},
		"more than are allowed":        {options: `    atMost: "3"`, answer: answer(4, 0), found: "4 rows", fails: "expected at most 3 rows of orders without a price, found 4 rows"},
		"a warning":                    {options: "    severity: warn", answer: answer(1, 0), found: "1 row", warns: true},
		"of a dataset":                 {options: `    dataset: "{{.Lake.curated}}/orders/"`, answer: answer(1, 0), found: "1 row", fails: "data of s3://test-curated/orders/: expected no rows"},
		"a query that fails":           {answer: cut, looks: 1, found: "no result: sql:4:9: Column 'prize' cannot be resolved", fails: "found no result: sql:4:9: "},
		"a query that is refused":      {answer: awsfake.AthenaAnswer{Refused: "line 2:1: mismatched input"}, found: "no result: sql:2:1: mismatched input", fails: "found no result"},
		"Athena throttles":             {answer: answer(0, 0), found: "0 rows", before: func(w *simulation.World) { w.Athena.FailNext("StartQueryExecution", awsfake.TooManyQueries(), ill) }},
		"an answer is lost":            {answer: answer(0, 0), found: "0 rows", before: func(w *simulation.World) { w.Athena.LoseNext("StartQueryExecution", io.ErrUnexpectedEOF) }},
		"the function dies":            {answer: answer(0, 0), found: "0 rows", before: func(w *simulation.World) { w.Crash("Athena:StartQueryExecution", true) }},
		"the function dies at the end": {answer: answer(0, 0), found: "0 rows", before: func(w *simulation.World) { w.Crash("Athena:GetQueryResults", true) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				w.Athena.Answer("from orders", tt.answer)
				if tt.before != nil {
					tt.before(w)
				}
				got, id := uploaded(t, w, strings.Replace(asking, "OPTIONS", tt.options, 1), nil)
				want := ended{Path: path(begin, round, released, strings.Repeat(looks+" AwaitSQL ", tt.looks)+looks, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}
				if tt.fails != "" {
					want.Path, want.State, want.Class = strings.Replace(want.Path, "Succeeded", "Failed", 1), run.Failed, job.ClassData
				}
				compare(t, w, id, want, got)
				tt.check(t, w, w.Record(id))
			})
		})
	}
}

// What Athena is asked has the date as a literal, and an end to the rows that it returns.
func TestSQLThatIsRun(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		uploaded(t, w, strings.Replace(asking, "OPTIONS", "", 1), nil)
		const want = `SELECT count(*) OVER () AS ephemr_rows, ephemr_wrong.* FROM (
select id, price from orders
where dt = '2000-01-01' and price is null
) AS ephemr_wrong LIMIT 20`
		if diff := cmp.Diff([]string{want}, w.Athena.Started()); diff != "" {
			t.Error(diff)
		}
	})
}

// No cluster waits for Athena, and a run that ends meanwhile stops its queries.
func TestSQLIsStopped(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		during func(t *testing.T, w *simulation.World, id string)
		state  run.State
		class  job.Class
	}{
		"cancelled": {func(t *testing.T, w *simulation.World, id string) {
			control(t, w, `{"op": "cancel", "runId": "`+id+`"}`)
		}, run.Cancelled, job.ClassCancelled},
		"past its deadline": {func(*testing.T, *simulation.World, string) {}, run.Failed, job.ClassTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				w.Athena.Answer("from orders", answer(0, 3*time.Hour))
				got, id := uploaded(t, w, strings.Replace(asking, "OPTIONS", "", 1), func(w *simulation.World, id string) {
					time.Sleep(20 * time.Minute)
					synctest.Wait()
					if open := w.Open(); len(open) > 0 {
						t.Errorf("clusters %v wait for Athena", open)
					}
					tt.during(t, w, id)
				})
				if got.State != tt.state || got.Class != tt.class || !strings.HasSuffix(got.Path, "CheckSQL "+bad) {
					t.Errorf("%+v", got)
				}
				if asked := w.Record(id).Asked(); asked == nil || !w.Athena.Stopped(asked.Started[0].ID) {
					t.Errorf("the query was not stopped: %+v", asked)
				}
			})
		})
	}
}

// A retry of a run whose data was wrong asks again, and runs no job.
func TestSQLIsRetried(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Athena.Answer("from orders", answer(2, 0))
		_, id := uploaded(t, w, strings.Replace(asking, "OPTIONS", "", 1), nil)
		w.Athena.Answer("from orders", answer(0, 0))
		control(t, w, `{"op": "retry", "runId": "`+id+`"}`)
		time.Sleep(time.Hour)
		want := ended{Path: path("PrepareRun Prepared", released, looks, good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}
		compare(t, w, id, want, outcomeOf(w, id, func() asl.Result { return w.Result(id + ".1") }))
		if n := len(w.Athena.Started()); n != 2 {
			t.Errorf("%d queries", n)
		}
	})
}

// Wrong data is found by what is cheaper first.
func TestSQLComesLast(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		more := "  - {dataset: \"{{.Lake.curated}}/orders/\", rows: \">= 1\"}"
		got, id := uploaded(t, w, strings.Replace(asking, "OPTIONS", more, 1), nil)
		want := ended{Path: path(begin, round, "CheckData Checked", bad), State: run.Failed, Class: job.ClassData, Jobs: "a=SUCCEEDED", Clusters: 1}
		compare(t, w, id, want, got)
		if n := len(w.Athena.Started()); n != 0 {
			t.Errorf("%d queries", n)
		}
	})
}

// A query whose values are known only after the jobs, and are not of their type, fails the run and is not asked.
func TestSQLThatCannotBeFilledIn(t *testing.T) {
	t.Parallel()
	steps := func(simulation.Attempt) simulation.Step {
		return simulation.Step{Outputs: map[string]string{"least": "many"}}
	}
	inWorld(t, simulation.Config{Steps: steps}, func(t *testing.T, w *simulation.World) {
		file := strings.NewReplacer("price is null", `price < {{number .Jobs.a.Outputs.least}}`, "OPTIONS", "").Replace(asking)
		got, id := uploaded(t, w, file, nil)
		want := ended{Path: path(begin, round, released, looks, bad), State: run.Failed, Class: job.ClassData, Jobs: "a=SUCCEEDED", Clusters: 1}
		compare(t, w, id, want, got)
		if reason := w.Record(id).Run.Reason; !strings.Contains(reason, `"many" is not a number like 1.5`) || len(w.Athena.Started()) > 0 {
			t.Errorf("%d queries; reason: %s", len(w.Athena.Started()), reason)
		}
	})
}
