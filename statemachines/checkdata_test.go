package statemachines_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"ephemr/events"
	"ephemr/internal/job"
	"ephemr/internal/proof/asl"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/proof/tables"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/statistics"
)

// writing says what its runs write.
const writing = "pipeline: writing\n" + onSmall + `jobs: [{name: a, type: bash, source: a}]
outputs: ["{{.Lake.curated}}/flights/dt={{.LogicalDate}}/", "{{.Lake.curated}}/other/"]`

type flight struct {
	ID    int64    `parquet:"id"`
	Price *float64 `parquet:"price,optional"`
}

// parquetOf is a file with so many rows, of which so many have no price.
func parquetOf(t *testing.T, rows, nulls int) []byte {
	t.Helper()
	all := make([]flight, rows)
	for i := range all {
		all[i].ID = int64(i)
		if i >= nulls {
			all[i].Price = new(float64(i))
		}
	}
	var out bytes.Buffer
	if err := parquet.Write(&out, all); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// log makes the dataset a table with a log.
func log(w *simulation.World, key string) { w.S3.Place(w.Settings.Lake["curated"], key, []byte("{}")) }

// place makes body the only file of what a run is going to write.
func place(w *simulation.World, body []byte) {
	w.S3.Place(w.Settings.Lake["curated"], "flights/dt=2000-01-01/a.parquet", body)
}

// recorded are the statistics of a dataset, the newest first.
func recorded(t *testing.T, w *simulation.World, dataset string) (all []statistics.Statistics) {
	t.Helper()
	st := &statistics.Store{DB: w.DB, Table: w.Settings.RunsTable}
	for s, err := range st.Newest(t.Context(), dataset, time.Unix(math.MaxInt32, 0)) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// After the last job, statistics of what the run has written are recorded once, whatever happens meanwhile.
func TestStatisticsAreRecorded(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDenied", Message: "Access Denied", Fault: smithy.FaultClient}
	slow := &smithy.GenericAPIError{Code: "SlowDown", Message: "Please reduce your request rate."}
	for name, tt := range map[string]struct {
		before  func(w *simulation.World)
		partial string // "" = none
	}{
		"nothing happens":              {},
		"S3 throttles":                 {before: func(w *simulation.World) { w.S3.FailNext("ListObjectsV2", slow, slow) }},
		"S3 throttles for a long time": {before: func(w *simulation.World) { w.S3.FailNext("ListObjectsV2", slow, slow, slow, slow) }, partial: "Please reduce your request rate."},
		"S3 fails for a long time":     {before: func(w *simulation.World) { w.S3.FailNext("ListObjectsV2", errLost, errLost, errLost, errLost) }, partial: errLost.Error()},
		"the function may not read it": {before: func(w *simulation.World) { w.S3.FailNext("ListObjectsV2", denied) }, partial: "Access Denied"},
		"it is a Delta table":          {before: func(w *simulation.World) { log(w, "flights/_delta_log/00000000000000000000.json") }, partial: "s3://test-curated/flights/ is a table of Delta: "},
		"it is an Iceberg table":       {before: func(w *simulation.World) { log(w, "flights/metadata/v1.metadata.json") }, partial: "s3://test-curated/flights/ is a table of Iceberg: "},
		"a file is cut short":          {before: func(w *simulation.World) { place(w, parquetOf(t, 10, 3)[:50]) }, partial: "1 of 1 files cannot be read: a.parquet is Parquet that was cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				place(w, parquetOf(t, 10, 3))
				got, id := uploaded(t, w, writing, func(w *simulation.World, _ string) {
					if tt.before != nil {
						tt.before(w)
					}
				})
				compare(t, w, id, ended{Path: path(begin, round, "CheckData Checked", good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, got)
				haveRead(t, w, id, tt.partial)
			})
		})
	}
}

// Footers of ORC are read like those of Parquet.
func TestStatisticsOfORC(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("../internal/footer/testdata/snappy.orc")
	if err != nil {
		t.Fatal(err)
	}
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.S3.Place(w.Settings.Lake["curated"], "flights/dt=2000-01-01/a.orc", body)
		uploaded(t, w, writing, func(*simulation.World, string) {})
		all := recorded(t, w, "s3://test-curated/flights/")
		if len(all) == 0 || all[0].Partial != "" || all[0].Rows == nil || *all[0].Rows != 3 || len(all[0].Columns) < 18 {
			t.Errorf("recorded %+v", all)
		}
	})
}

// haveNotRead checks what is recorded of a dataset whose rows are not known.
func haveNotRead(t *testing.T, s statistics.Statistics, partial string) {
	t.Helper()
	if !strings.Contains(s.Partial, partial) || s.Rows != nil {
		t.Errorf("partial %q, want %q", s.Partial, partial)
	}
	if strings.Contains(partial, "not counted") && (s.Files != 0 || s.Bytes != 0 || len(s.Columns) > 0) {
		t.Errorf("recorded %+v", s)
	}
}

// haveRead compares what is recorded of a run with what its file has.
func haveRead(t *testing.T, w *simulation.World, id, partial string) {
	t.Helper()
	all := recorded(t, w, "s3://test-curated/flights/")
	others := recorded(t, w, "s3://test-curated/other/")
	if found := w.Record(id).Found(); len(all) != 1 || len(others) != 1 || found == nil || found.Datasets != 2 {
		t.Fatalf("found %+v, recorded %+v", found, all)
	}
	s := all[0]
	if partial != "" {
		haveNotRead(t, s, partial)
		return
	}
	want := statistics.Statistics{
		Dataset: "s3://test-curated/flights/", Partition: "dt=2000-01-01", Keys: "dt", Pipeline: "writing", RunID: id,
		LogicalTime: w.Record(id).Run.LogicalTime, LogicalDate: "2000-01-01", Rows: new(int64(10)), Files: 1, Reads: 1,
	}
	if diff := cmp.Diff(want, s, cmpopts.IgnoreFields(s, "At", "Bytes", "BytesRead", "Took", "Columns")); diff != "" {
		t.Error(diff)
	}
	if *s.Of("price").Nulls != 3 || s.Of("id").Max.String() != "9" {
		t.Errorf("recorded columns %+v", s.Columns)
	}
}

// Statistics of a table are those of its current snapshot, which has one file less than its folder.
func TestStatisticsOfATable(t *testing.T) {
	t.Parallel()
	objects, err := tables.Objects()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		rows    *int64
		partial string
	}{
		"delta/":         {rows: new(int64(23))},
		"delta-vectors/": {partial: "1 deleted rows are still in them"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
				uploaded(t, w, writing, func(w *simulation.World, _ string) {
					for key, body := range objects {
						if rest, ok := strings.CutPrefix(key, name); ok {
							w.S3.Place(w.Settings.Lake["curated"], "other/"+rest, body)
						}
					}
				})
				all := recorded(t, w, "s3://test-curated/other/")
				if len(all) != 1 {
					t.Fatalf("recorded %+v", all)
				}
				if diff := cmp.Diff(want.rows, all[0].Rows); diff != "" || !strings.Contains(all[0].Partial, want.partial) {
					t.Errorf("rows (-want +got):\n%s%s", diff, all[0].Partial)
				}
			})
		})
	}
}

// A dataset may be one file, with a slash after its name or without.
func TestStatisticsOfAFile(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		place(w, parquetOf(t, 10, 3))
		uploaded(t, w, "pipeline: writing\n"+onSmall+`jobs: [{name: a, type: bash, source: a}]
outputs: ["{{.Lake.curated}}/flights/dt={{.LogicalDate}}/a.parquet"]`, nil)
		all := recorded(t, w, "s3://test-curated/flights/dt=2000-01-01/a.parquet/")
		if len(all) != 1 || all[0].Rows == nil || *all[0].Rows != 10 || all[0].Files != 1 || all[0].Partial != "" {
			t.Errorf("recorded %+v", all)
		}
	})
}

// checking is a pipeline with checks of what it writes, which need no more than footers.
func checking(checks ...string) string {
	text := "pipeline: checking\n" + onSmall + "jobs: [{name: a, type: bash, source: a}]\nchecks:\n"
	for _, c := range checks {
		text += "- {dataset: \"{{.Lake.curated}}/flights/\", partition: \"dt={{.LogicalDate}}\", " + c + "}\n"
	}
	return text
}

// Statistics and all checks of a dataset list it once, and read its footers once.
func TestFootersAreReadOnce(t *testing.T) {
	t.Parallel()
	calls := func(checks ...string) (n map[string]int) {
		inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
			place(w, parquetOf(t, 10, 3))
			if got, id := uploaded(t, w, checking(checks...), nil); got.State != run.Succeeded {
				t.Errorf("got %+v, %+v", got, w.Record(id).Found())
			}
			n = w.S3.AllCalls()
		})
		return n
	}
	few := calls(`rows: "= 10"`)
	many := calls(`rows: "= 10"`, "columns: {id: long}", `files: "= 1"`, "columns: {price: double}")
	if diff := cmp.Diff(few, many); diff != "" {
		t.Errorf("calls of S3 (-one check +four checks):\n%s", diff)
	}
}

// Beyond the bounds of CheckData a check fails and says so; other checks are decided.
func TestChecksOfManyFiles(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		for i := range 20_001 {
			w.S3.Place(w.Settings.Lake["curated"], fmt.Sprintf("many/%05d", i), nil)
		}
		place(w, parquetOf(t, 10, 3))
		got, id := uploaded(t, w, checking(`rows: "= 10"`)+"- {dataset: \"{{.Lake.curated}}/many/\", files: \"> 1\"}\n", nil)
		found := w.Record(id).Found()
		if got.State != run.Failed || got.Class != job.ClassData || found == nil || len(found.Findings) != 4 {
			t.Fatalf("got %+v, %+v", got, found)
		}
		if f := found.Findings[3]; !found.Findings[2].OK || f.OK || !strings.Contains(f.Found, "could not be evaluated: there are more than 20000 files") {
			t.Errorf("found %+v", found.Findings)
		}
	})
}

// Each partition of a dataset that a run writes has statistics and sizes of its own.
func TestStatisticsOfTwoPartitions(t *testing.T) {
	t.Parallel()
	pipeline := strings.ReplaceAll(writing, "{{.Lake.curated}}/other/", "{{.Lake.curated}}/flights/dt=1999-12-31/")
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.S3.Place(w.Settings.Lake["curated"], "flights/dt=1999-12-31/a.parquet", parquetOf(t, 7, 0))
		place(w, parquetOf(t, 10, 3))
		_, id := uploaded(t, w, pipeline, nil)
		found := map[string]int64{}
		for _, s := range recorded(t, w, "s3://test-curated/flights/") {
			found[s.Partition] = *s.Rows
		}
		for _, s := range w.Record(id).Found().Sizes {
			found[s.Address] = *s.Rows
		}
		want := map[string]int64{"dt=2000-01-01": 10, "dt=1999-12-31": 7, "s3://test-curated/flights/dt=2000-01-01/": 10, "s3://test-curated/flights/dt=1999-12-31/": 7}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Error(diff)
		}
	})
}

// A run that fails has written nothing that counts.
func TestNoStatisticsOfAFailedRun(t *testing.T) {
	t.Parallel()
	c := simulation.Config{Steps: steps(map[string]simulation.Step{"a#1": {ExitCode: 3}})}
	inWorld(t, c, func(t *testing.T, w *simulation.World) {
		got, id := uploaded(t, w, writing, nil)
		compare(t, w, id, ended{Path: path(begin, round, bad), State: run.Failed, Class: job.ClassJob, Jobs: "a=FAILED", Clusters: 1}, got)
		if all := slices.Concat(recorded(t, w, "s3://test-curated/flights/"), recorded(t, w, "s3://test-curated/other/")); len(all) > 0 {
			t.Errorf("recorded %+v", all)
		}
	})
}

// Whatever call CheckData dies in, before or after it, there is one record.
func TestCrashInCheckData(t *testing.T) {
	t.Parallel()
	body := parquetOf(t, 10, 3)
	for _, op := range []string{"S3:ListObjectsV2", "DynamoDB:PutItem", "DynamoDB:GetItem"} {
		for n := range 3 {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %d %t", op, n, after), func(t *testing.T) {
					t.Parallel()
					armed := false
					inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
						place(w, body)
						w.DB.OnWrite(func(_ string, _, it awsfake.Item) { // the last job has succeeded
							if records.Text(it["sk"]) == "JOB#a" && records.Text(it["state"]) == string(run.JobSucceeded) && !armed {
								armed = true
								w.CrashAt(op, n, after)
							}
						})
						got, id := uploaded(t, w, writing, nil)
						compare(t, w, id, ended{Path: path(begin, round, "CheckData Checked", good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, got)
						all := recorded(t, w, "s3://test-curated/flights/")
						if !armed || len(all) != 1 || *all[0].Rows != 10 || w.Record(id).Found() == nil {
							t.Errorf("recorded %+v", all)
						}
					})
				})
			}
		}
	}
}

// drifting compares what its runs write with what they wrote before.
const drifting = "pipeline: drifting\ntriggers: [{schedule: '0 0 * * *'}]\ncluster: {profile: small}\n" + `jobs: [{name: a, type: bash, source: a}]
checks: [{dataset: "{{.Lake.curated}}/flights/", partition: "dt={{.LogicalDate}}", drift: {rows: 30%, against: 3}SEVERITY}]`

// dated runs the pipeline for a date, for which the job writes a file with so many rows.
func dated(t *testing.T, w *simulation.World, date string, rows int) (ended, string) {
	t.Helper()
	w.S3.Place(w.Settings.Lake["curated"], "flights/dt="+date+"/a.parquet", parquetOf(t, rows, 0))
	before := w.RunIDs()
	w.Request(events.Request{RequestID: "r-" + date, Pipeline: "drifting", LogicalTime: date})
	synctest.Wait()
	for _, id := range w.RunIDs() {
		if !slices.Contains(before, id) {
			return outcomeOf(w, id, func() asl.Result { return w.Result(id) }), id
		}
	}
	t.Fatalf("no run for %s", date)
	return ended{}, ""
}

// A run whose data differs from that of earlier runs fails. What failed is not
// compared with, and a retry reads the data again without running the jobs.
func TestDrift(t *testing.T) {
	t.Parallel()
	good := ended{Path: path(begin, round, "CheckData Checked", good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}
	fails := ended{Path: path(begin, round, "CheckData Checked", bad), State: run.Failed, Class: job.ClassData, Jobs: "a=SUCCEEDED", Clusters: 1}
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.ReplaceAll(drifting, "SEVERITY", ""))
		for _, tt := range []struct {
			date  string
			rows  int
			want  ended
			found string
		}{
			{"2026-01-01", 100, good, "not enough history: 0 runs, 3 are needed"},
			{"2026-01-02", 1000, good, "not enough history: 1 run, 3 are needed"},
			{"2026-01-03", 100, good, "not enough history: 2 runs, 3 are needed"},
			{"2026-01-04", 10, fails, "10 rows, the median is 100: -90.0% (3 runs)"},
			{"2026-01-05", 90, good, "90 rows, the median is 100: -10.0% (3 runs)"},
		} {
			got, id := dated(t, w, tt.date, tt.rows)
			compare(t, w, id, tt.want, got)
			if found := w.Record(id).Found(); found == nil || len(found.Findings) != 1 || found.Findings[0].Found != tt.found {
				t.Errorf("%s: found %+v, want %s", tt.date, found, tt.found)
			}
		}
		retried(t, w, "2026-01-04", ended{Path: path("PrepareRun Prepared CheckData Checked", finish, "Succeeded"), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1})
		if all := recorded(t, w, "s3://test-curated/flights/"); len(all) != 5 || *all[1].Rows != 110 {
			t.Errorf("recorded %+v", all)
		}
	})
}

// retried writes the data of a date again, and retries its run.
func retried(t *testing.T, w *simulation.World, date string, want ended) {
	t.Helper()
	for _, s := range recorded(t, w, "s3://test-curated/flights/") {
		if s.LogicalDate != date {
			continue
		}
		w.S3.Place(w.Settings.Lake["curated"], "flights/dt="+date+"/a.parquet", parquetOf(t, 110, 0))
		control(t, w, `{"op": "retry", "runId": "`+s.RunID+`"}`)
		time.Sleep(time.Hour)
		compare(t, w, s.RunID, want, outcomeOf(w, s.RunID, func() asl.Result { return w.Result(s.RunID + ".1") }))
	}
}

// A partition that is not of a time is written by every run, and compared with what it was.
func TestDriftOfACountry(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.NewReplacer("SEVERITY", ", severity: warn", "dt={{.LogicalDate}}", "country=pt").Replace(drifting))
		found := ""
		for _, date := range []string{"2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"} {
			w.S3.Place(w.Settings.Lake["curated"], "flights/country=pt/a.parquet", parquetOf(t, 100, 0))
			_, id := dated(t, w, date, 1)
			found = w.Record(id).Found().Findings[0].Found
		}
		if want := "100 rows, the median is 100: +0.0% (3 runs)"; found != want {
			t.Errorf("found %s, want %s", found, want)
		}
	})
}

// A warning does not make a run fail.
func TestDriftWarns(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.ReplaceAll(drifting, "SEVERITY", ", severity: warn"))
		for _, date := range []string{"2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"} {
			rows := 100
			if date == "2026-01-04" {
				rows = 1
			}
			got, id := dated(t, w, date, rows)
			compare(t, w, id, ended{Path: path(begin, round, "CheckData Checked", good), State: run.Succeeded, Jobs: "a=SUCCEEDED", Clusters: 1}, got)
			if f := w.Record(id).Found().Findings[0]; f.OK == (rows == 1) || f.Warn != (rows == 1) {
				t.Errorf("found %+v", f)
			}
		}
	})
}

// Data that could not be compared, although the pipeline wants it, is not taken for good.
func TestDriftIsNotLeftOut(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{}, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.ReplaceAll(drifting, "SEVERITY", ""))
		var all []error
		for range 50 {
			all = append(all, errLost)
		}
		w.S3.FailNext("ListObjectsV2", all...)
		got, id := dated(t, w, "2026-01-01", 100)
		compare(t, w, id, ended{Path: path(begin, round, "CheckData Checked", bad), State: run.Failed, Class: job.ClassData, Jobs: "a=SUCCEEDED", Clusters: 1}, got)
	})
}

// Runs for the days of a schedule are compared with those of the same weekday, as soon as there are three.
func TestDriftOnWeekdays(t *testing.T) {
	t.Parallel()
	inWorld(t, simulation.Config{NoTicks: true}, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.ReplaceAll(drifting, "SEVERITY", ", severity: warn"))
		day := time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC) // a Sunday
		for n := range 29 {
			date, rows := day.AddDate(0, 0, n).Format(time.DateOnly), 100
			if n%7 == 0 {
				rows = 10
			}
			w.S3.Place(w.Settings.Lake["curated"], "flights/dt="+date+"/a.parquet", parquetOf(t, rows, 0))
			w.Tick("drifting", day.AddDate(0, 0, n))
			time.Sleep(15 * time.Minute)
		}
		all := recorded(t, w, "s3://test-curated/flights/")
		if len(all) != 29 {
			t.Fatalf("recorded %d", len(all))
		}
		for i, want := range []string{"10 rows, the median is 10: +0.0% (3 runs on Sundays)", "100 rows, the median is 100: +0.0% (3 runs on Saturdays)"} {
			if f := w.Record(all[i].RunID).Found().Findings[0]; f.Found != want {
				t.Errorf("%s: found %s, want %s", all[i].LogicalDate, f.Found, want)
			}
		}
	})
}
