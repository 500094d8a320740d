package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/stats"
	"ephemr/internal/run"
	"ephemr/internal/statistics"
)

// measured records the statistics of so many days, each with ten more rows.
func (w *world) measured(days int) stats.Records {
	w.t.Helper()
	st := &statistics.Store{DB: w.db, Table: w.settings.RunsTable}
	for n := range days {
		day := time.Date(2026, 11, 1+n, 0, 0, 0, 0, time.UTC)
		id := fmt.Sprintf("flights-%02d", n+1)
		s := statistics.Statistics{
			Dataset: "s3://lake-curated/flights/", Partition: "dt=" + day.Format(time.DateOnly), Keys: "dt", Pipeline: "flights", RunID: id,
			LogicalTime: day, LogicalDate: day.Format(time.DateOnly), At: day, Rows: new(int64(10 * (n + 1))), Bytes: 2048, Files: 2,
			Columns: []statistics.Column{
				{Name: "id", Type: "long", Nulls: new(int64), Min: &statistics.Bound{Value: json.RawMessage("9"), Exact: true}, Max: &statistics.Bound{Value: json.RawMessage("10"), Exact: true}},
				{Name: "carrier", Type: "string", Min: &statistics.Bound{Value: json.RawMessage(`"AA"`)}},
			},
		}
		state := run.Succeeded
		if n == 1 {
			state, s.Rows, s.Partial = run.Failed, nil, "Access Denied"
		}
		_, err := st.Put(w.t.Context(), s)
		w.no(err)
		w.spent(id, run.Run{Pipeline: "flights", State: state, EndedAt: day})
	}
	return stats.Records{Statistics: st, Runs: w.runs, Bucket: w.settings.BucketOf}
}

func TestStats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.measured(4)
	w.no(stats.Run(t.Context(), stats.Options{Dataset: "s3://curated/flights", Last: 3, Columns: []string{"id", "carrier"}}, w.io, r))
	want := `DATE        RUN         ROWS  BYTES    FILES  ID NULLS  MIN  MAX  CARRIER NULLS  MIN   MAX  NOTE
2026-11-02  flights-02  ?     2.0 KiB  2      0         9    10   ?              ≥ AA       FAILED; Access Denied
2026-11-03  flights-03  30    2.0 KiB  2      0         9    10   ?              ≥ AA
2026-11-04  flights-04  40    2.0 KiB  2      0         9    10   ?              ≥ AA
rows  ▆█
`
	if got := w.out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestStats_json(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.measured(4)
	w.no(stats.Run(t.Context(), stats.Options{Dataset: "s3://lake-curated/flights/dt=2026-11-04/", Last: 3, Columns: []string{"id"}, JSON: true}, w.io, r))
	var all []map[string]any
	w.no(json.Unmarshal([]byte(w.out.String()), &all))
	if len(all) != 1 || all[0]["rows"] != 40.0 || all[0]["state"] != "SUCCEEDED" || len(all[0]["columns"].([]any)) != 1 {
		t.Errorf("got %v", all)
	}
	contains(t, w.out.String(), `"value": 9`)
}

func TestStats_faults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.measured(1)
	for want, o := range map[string]stats.Options{
		`invalid dataset "flights": use s3://BUCKET/PREFIX`:      {Dataset: "flights", Last: 1},
		"invalid --last 0: must be positive":                     {Dataset: "s3://curated/flights/", Last: 0},
		`no column "x"; the newest run has id, carrier`:          {Dataset: "s3://curated/flights/", Last: 1, Columns: []string{"x"}},
		"no statistics of s3://lake-curated/other/: no run of a": {Dataset: "s3://curated/other/", Last: 1},
	} {
		err := stats.Run(t.Context(), o, w.io, r)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if code := exit.CodeOf(err); (code == exit.CodeUsage) != !strings.HasPrefix(want, "no statistics") {
			t.Errorf("%s: exit code %d", want, code)
		}
	}
}
