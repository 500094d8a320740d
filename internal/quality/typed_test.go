package quality_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go/deprecated"

	"ephemr/internal/job"
	"ephemr/internal/quality"
)

// typed is a row of types that are easily compared wrongly.
type typed struct {
	Count  int32            `parquet:"count"`
	Large  uint64           `parquet:"large"`
	Short  float32          `parquet:"short"`
	Double float64          `parquet:"double"`
	Price  int64            `parquet:"price,decimal(2:18)"`
	Huge   [16]byte         `parquet:"huge,decimal(3:38)"`
	Day    int32            `parquet:"day,date"`
	At     time.Time        `parquet:"at,timestamp(nanosecond)"`
	Old    deprecated.Int96 `parquet:"old"`
	Code   string           `parquet:"code"`
	Late   bool             `parquet:"late"`
	Note   *string          `parquet:"note,optional"`
}

// sampleOf is one row: 9, the greatest number of 64 bits, 0.1, 0.1, 12.50, -0.001, 2026-01-02, noon of it twice.
func sampleOf(change func(*typed)) typed {
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	row := typed{
		Count: 9, Large: math.MaxUint64, Short: 0.1, Double: 0.1, Price: 1250, Day: int32(day.Unix() / 86400), At: day.Add(12 * time.Hour), //nolint:gosec // small
		Code: "9", Old: deprecated.Int96{0: 0, 1: 10058, 2: 2_461_043}, // 43,198,781,063,168 ns of the Julian day
	}
	for i := range row.Huge {
		row.Huge[i] = 0xff
	}
	if change != nil {
		change(&row)
	}
	return row
}

// Values are compared as what they are, whatever the footers say.
func TestTypes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		column, low, high string
		ok                bool
	}{
		"9 is less than 10":                   {"count", "", "10", true},
		"9 is less than 9.5":                  {"count", "", "9.5", true},
		"9 is not 9.5":                        {"count", "9.5", "", false},
		"beyond 64 bits":                      {"count", "-99999999999999999999", "99999999999999999999", true},
		"unsigned":                            {"large", "18446744073709551615", "", true},
		"unsigned is not negative":            {"large", "", "0", false},
		"0.1 of 32 bits is 0.1":               {"short", "0.1", "0.1", true},
		"0.1 is 0.1":                          {"double", "0.1", "0.1", true},
		"decimal":                             {"price", "12.5", "12.500", true},
		"decimal above by less than its unit": {"price", "", "12.499", false},
		"large decimal":                       {"huge", "-0.001", "-0.001", true},
		"large decimal is negative":           {"huge", "0", "", false},
		"date":                                {"day", "2026-01-02", "2026-01-02", true},
		"date before noon":                    {"day", "2026-01-02T00:00:01", "", false},
		"time":                                {"at", "2026-01-02T12:00:00Z", "2026-01-02T13:00:00+01:00", true},
		"time after a date":                   {"at", "", "2026-01-02", false},
		"time of 96 bits":                     {"old", "2026-01-02T11:59:58Z", "2026-01-02T11:59:59Z", true},
		"text as a number":                    {"code", "", "10", true},
		"text as text":                        {"code", "0", "z", false},
	} {
		for _, footers := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/footers %v", name, footers), func(t *testing.T) {
				t.Parallel()
				body := file(t, []typed{sampleOf(nil)})
				if !footers {
					body = withoutStatistics(t, body)
				}
				l := &lake{objects: map[string][]byte{"flights/a": body}}
				c := job.Check{Dataset: dataset, Range: map[string]job.Bounds{tt.column: {Min: tt.low, Max: tt.high}}}
				if name == "text as text" {
					c.Range[tt.column] = job.Bounds{Min: "a", Max: "z"}
				}
				got, err := run(t, l, c)
				if err != nil || got.Findings[1].OK != tt.ok {
					t.Errorf("%+v, %v", got.Findings, err)
				}
			})
		}
	}
}

// A bound that the column's type cannot be compared with is reported, and a column that is
// not there with those that are.
func TestMismatch(t *testing.T) {
	t.Parallel()
	l := &lake{objects: map[string][]byte{"flights/a": file(t, []typed{sampleOf(nil)})}}
	for want, c := range map[string]job.Check{
		`"much" is not a number, but the column is int in flights/a`:    {Range: map[string]job.Bounds{"count": {Min: "much"}}},
		`"5" is not a date or time, but the column is date`:             {Range: map[string]job.Bounds{"day": {Min: "5"}}},
		"a column of type boolean has no range":                         {Range: map[string]job.Bounds{"late": {Min: "5"}}},
		"a column of type int has no length":                            {Length: map[string]job.Bounds{"count": {Min: "5"}}},
		"the column is int, which is not a date or time":                {FreshnessOf: map[string]string{"count": "1h"}},
		"the column is date, which has no sum":                          {Reconcile: &job.Reconcile{Dataset: dataset, Sum: "day"}},
		"no such column in flights/a; columns: count, large, short, do": {Accepted: map[string][]string{"nope": {"1"}}},
		"no such column in flights/a; columns: count, large":            {Where: "nope == 1", Rows: "> 0"},
	} {
		c.Dataset = dataset
		got, err := run(t, l, c)
		text := fmt.Sprint(err)
		if err == nil {
			text = got.Findings[1].Found
		}
		if !strings.Contains(text, want) {
			t.Errorf("got %s, want %s", text, want)
		}
	}
	if _, err := run(t, l, job.Check{Dataset: dataset, Where: "date > 5", Rows: "> 0"}); err == nil || !strings.Contains(err.Error(), `is written like $env["date"]`) {
		t.Errorf("%v", err)
	}
	got, err := run(t, l, job.Check{Dataset: dataset, Where: "code > 5", Rows: "> 0"})
	cannot(t, got, err, "where code > 5: invalid operation")
}

// Of what is not as expected 20 rows are shown, with short values and without nulls.
func TestSamples(t *testing.T) {
	t.Parallel()
	rows := make([]typed, 100)
	for i := range rows {
		rows[i] = sampleOf(func(r *typed) { r.Count, r.Code = int32(i), strings.Repeat("x", 200) }) //nolint:gosec // small
	}
	l := &lake{objects: map[string][]byte{"flights/a": file(t, rows)}}
	got, err := run(t, l, job.Check{Dataset: dataset, Length: map[string]job.Bounds{"code": {Max: "9"}}, NotNull: []string{"note"}, Where: "count >= 10", AtMost: "89", Severity: "warn"})
	if err != nil || got.Failed() != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	f := got.Findings[2]
	if f.Verdict() != "warning" || f.Found != "90 of 90 rows are not, at most 89 allowed" || len(f.Samples) != job.MaxSamples || f.Bytes == 0 || f.Source != job.SourceRead {
		t.Errorf("%+v", f)
	}
	want := job.Sample{File: "flights/a", Row: 11, Values: map[string]string{"count": "10", "code": strings.Repeat("x", 99) + "…"}}
	if diff := cmp.Diff(want, f.Samples[0]); diff != "" {
		t.Error(diff)
	}
}

// Nulls decide nothing: as in SQL, a row whose comparison they decide is not selected.
func TestWhereWithNulls(t *testing.T) {
	t.Parallel()
	rows := []typed{sampleOf(nil), sampleOf(func(r *typed) { r.Note = new("b") })}
	l := &lake{objects: map[string][]byte{"flights/a": file(t, rows)}}
	for where, want := range map[string]string{
		`note > "a"`: "= 1", `note == nil`: "= 1", `note == "b" or count == 9`: "= 2", `not late and price == 12.5`: "= 2",
		`day < date("2026-01-03") and at > date("2026-01-02")`: "= 2", `$env["count"] in [8, 9]`: "= 2", `let n = count; n > 9`: "= 0", `len(code) == 1 and upper(note ?? "b") == "B"`: "= 2",
	} {
		got, err := run(t, l, job.Check{Dataset: dataset, Where: where, Rows: want})
		if err != nil || got.Failed() > 0 {
			t.Errorf("%s: %v, %v", where, report(got), err)
		}
	}
}

// Equal numbers are the same value in files of different types.
func TestRelationshipsOfTypes(t *testing.T) {
	t.Parallel()
	l := &lake{objects: map[string][]byte{
		"flights/a": file(t, flights(0, 10, nil)), "stores/a.csv": []byte("id,name\n0,a\n1,b\n2,\n3,\n4,\n5,\n6,\n7,\n8,\n9,\n"),
	}}
	in := func(column string) map[string]job.Reference {
		return map[string]job.Reference{"id": {Dataset: "s3://lake/stores/", Column: column}}
	}
	got, err := run(t, l, job.Check{Dataset: dataset, Relationships: in("id")})
	if err != nil || got.Failed() > 0 {
		t.Errorf("%v, %v", report(got), err)
	}
	got, err = run(t, l, job.Check{Dataset: dataset, Relationships: in("name")})
	if err != nil || got.Findings[1].Found != "10 of 10 rows are not" {
		t.Errorf("%v, %v", report(got), err)
	}
	c := quality.Checker{S3: l, Now: time.Now, MaxUnique: 5}
	got, err = c.Run(t.Context(), []job.Check{{Dataset: dataset, Relationships: in("id")}})
	cannot(t, got, err, "more than 5 different values")
	got, err = run(t, l, job.Check{Dataset: dataset, Relationships: in("nope")})
	cannot(t, got, err, "no such column in stores/a.csv; columns: id, name")
}

// Equal numbers are equal in all formats and types, also negative and large ones.
func TestKeysOfNumbers(t *testing.T) {
	t.Parallel()
	l := &lake{objects: map[string][]byte{
		"texts/a.jsonl":   []byte(`{"id":"1234"}` + "\n" + `{"id":"-5"}` + "\n" + `{"id":"9223372036854775807"}` + "\n"),
		"numbers/a.jsonl": []byte(`{"id":1234}` + "\n" + `{"id":-5}` + "\n" + `{"id":9223372036854775807}` + "\n"),
		"strings/a": file(t, []struct {
			ID string `parquet:"id"`
		}{{"1234"}, {"-5"}, {"9223372036854775807"}}),
		"longs/a": file(t, []struct {
			ID int64 `parquet:"id"`
		}{{1234}, {-5}, {math.MaxInt64}}),
		"decimals/a": file(t, []struct {
			ID int64 `parquet:"id,decimal(2:18)"`
		}{{123400}, {-500}}),
		"doubles/a": file(t, []struct {
			ID float64 `parquet:"id"`
		}{{1234}, {-5}}),
		"csv/a.csv": []byte("id\n1234\n-5\n9223372036854775807\n007\n+7\n"),
	}}
	for _, from := range []string{"texts", "numbers", "strings", "longs", "decimals", "doubles"} {
		got, err := run(t, l, job.Check{Dataset: "s3://lake/" + from + "/", Relationships: map[string]job.Reference{"id": {Dataset: "s3://lake/csv/", Column: "id"}}})
		if err != nil || got.Failed() > 0 {
			t.Errorf("%s in csv: %v, %v", from, report(got), err)
		}
	}
	got, err := run(t, l, job.Check{Dataset: "s3://lake/csv/", Unique: []string{"id"}})
	if err != nil || got.Failed() > 0 {
		t.Errorf("%v, %v", report(got), err)
	}
}

// A sum that is no number is never equal to another.
func TestReconcileWithoutASum(t *testing.T) {
	t.Parallel()
	l := &lake{objects: map[string][]byte{"a/a.csv": []byte("n\n1\n2\n"), "b/b.csv": []byte("n\n1\nn/a\n2\n")}}
	got, err := run(t, l, job.Check{Dataset: "s3://lake/a/", Reconcile: &job.Reconcile{Dataset: "s3://lake/b/", Sum: "n"}})
	if err != nil || got.Failed() != 1 || !strings.Contains(strings.Join(report(got), "\n"), "in s3://lake/b/: a value is not a number") {
		t.Errorf("%v, %v", report(got), err)
	}
}
