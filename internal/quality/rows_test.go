package quality_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
)

var size = regexp.MustCompile(`\d+ bytes`)

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRows checks formats without types: values are compared as what is expected of them.
func TestRows(t *testing.T) {
	t.Parallel()
	const (
		table = "id,name,amount,day\r\n1,\"Ann, \"\"A\"\"\nLee\",9,2026-01-01\r\n2,,10.50,2026-01-31\r\n"
		lines = `{"id": 1, "name": "Ann", "amount": 9, "at": {"city": "Faro"}}` + "\n\n" + `{"id": 2, "amount": 10.50, "name": null, "at": {"city": "Beja"}}` + "\n"
	)
	tests := map[string]struct {
		files map[string][]byte
		check job.Check
		want  []string
	}{
		"CSV": {
			map[string][]byte{"dt=1/a.csv": []byte("\ufeff" + table)},
			job.Check{
				Rows: "= 2", Columns: map[string]string{"id": "int", "amount": "decimal", "day": "date", "dt": "string"}, NotNull: []string{"name"},
				Range: map[string]job.Bounds{"amount": {Min: "9", Max: "10.5"}, "day": {Max: "2026-01-30"}}, Unique: []string{"id"},
			},
			[]string{
				"ok readable CSV files: 1 files, N bytes", "ok rows = 2: 2 rows in 1 files", "ok column amount is decimal: all of 2 values",
				"ok column day is date: all of 2 values", "ok column dt is string: all of 2 values", "ok column id is int: all of 2 values",
				"FAILED column name has no nulls: 1 nulls in 2 rows", "ok column amount is at least 9 and at most 10.5: all of 2 rows",
				"FAILED column day is at most 2026-01-30: 1 of 2 rows are not", "ok unique id: 0 of 2 rows repeat another",
			},
		},
		"zipped JSON Lines": {
			map[string][]byte{"a.json.gz": zipped(t, lines)},
			job.Check{
				Columns: map[string]string{"id": "long", "name": "string"}, NotNull: []string{"id", "nope"}, Range: map[string]job.Bounds{"amount": {Max: "10"}},
				Accepted: map[string][]string{"at.city": {"Faro"}}, Reconcile: &job.Reconcile{Dataset: dataset, Sum: "amount"}, Unique: []string{"id", "name"},
			},
			[]string{
				"ok readable JSON Lines files: 1 files, N bytes", "ok column id is long: all of 2 values", "ok column name is string: all of 2 values",
				"ok column id has no nulls: 0 nulls in 2 rows", "FAILED column nope has no nulls: no such column: nope; columns: amount, at, id, name",
				"FAILED column at.city is one of Faro: 1 of 2 rows are not", "FAILED column amount is at most 10: 1 of 2 rows are not",
				"ok unique id, name: 0 of 1 rows repeat another", "ok sum of amount as in s3://lake/flights/: 19.500000 here, 19.500000 there",
			},
		},
		"selected rows": {
			map[string][]byte{"a.csv.gz": zipped(t, table)},
			job.Check{Where: `amount > 9.5 and day < date("2026-02-01")`, Columns: map[string]string{"amount": "double", "day": "date"}, Rows: "= 1"},
			[]string{
				"ok readable CSV files: 1 files, N bytes", `ok rows where amount > 9.5 and day < date("2026-02-01") = 1: 1 rows in 1 files`,
				"ok column amount is double: all of 1 values", "ok column day is date: all of 1 values",
			},
		},
		"values that are no numbers": {
			map[string][]byte{"a.csv": []byte("id\n1\nx\n07\n")},
			job.Check{Range: map[string]job.Bounds{"id": {Min: "0"}}, Columns: map[string]string{"id": "int"}, AtMost: "34%"},
			[]string{
				"ok readable CSV files: 1 files, N bytes", "FAILED column id is int: 1 of 3 values are not",
				"ok column id is at least 0: 1 of 3 rows are not, at most 34% allowed",
			},
		},
		"ragged": {
			map[string][]byte{"a.csv": []byte("id,name\n1,a\n2\n")},
			job.Check{Rows: "> 0", NotNull: []string{"id"}},
			[]string{
				"ok readable CSV files: 1 files, N bytes", "FAILED rows > 0: flights/a.csv is not CSV: record on line 3: wrong number of fields",
				"FAILED column id has no nulls: flights/a.csv is not CSV: record on line 3: wrong number of fields",
			},
		},
		"a line cut short": {
			map[string][]byte{"a.jsonl": []byte(`{"id": 1}` + "\n" + `{"id":`)},
			job.Check{Rows: "> 0"},
			[]string{"ok readable JSON Lines files: 1 files, N bytes", "FAILED rows > 0: flights/a.jsonl is not JSON Lines at line 2: unexpected end of JSON input"},
		},
		"not gzip": {
			map[string][]byte{"a.csv.gz": []byte("id\n1\n2\n3\n4\n5\n")},
			job.Check{Rows: "> 0"},
			[]string{"ok readable CSV files: 1 files, N bytes", "FAILED rows > 0: flights/a.csv.gz is not gzip: gzip: invalid header"},
		},
		"no such column": {
			map[string][]byte{"a.csv": []byte(table), "b.csv": []byte("id\n1\n")},
			job.Check{NotNull: []string{"id", "day"}},
			[]string{
				"ok readable CSV files: 2 files, N bytes", "ok column id has no nulls: 0 nulls in 3 rows",
				"FAILED column day has no nulls: no such column in flights/b.csv; columns: id",
			},
		},
		"ORC": {
			map[string][]byte{"a.orc": orc(t), "b": orc(t)}, // Hive's files have no suffix
			job.Check{Format: job.FormatORC, Rows: "= 6", NotNull: []string{"id"}, Range: map[string]job.Bounds{"id": {Min: "9"}}},
			[]string{
				"ok readable ORC files: 2 files, N bytes", "ok rows = 6: 6 rows in 2 files", "ok column id has no nulls: 0 nulls in 6 rows",
				"ok column id is at least 9: 9 to 100",
			},
		},
		"ORC whose values are needed": {
			map[string][]byte{"a.orc": orc(t)},
			job.Check{Rows: "= 3", Unique: []string{"id"}},
			[]string{
				"ok readable ORC files: 1 files, N bytes", "ok rows = 3: 3 rows in 1 files",
				"FAILED unique id: flights/a.orc is ORC, of which only the footer is read, not values; use expectations that it decides, or write Parquet",
			},
		},
		"broken ORC": {
			map[string][]byte{"a.orc": []byte("ORC")},
			job.Check{Rows: "> 0"},
			[]string{"FAILED readable ORC files: flights/a.orc is neither Parquet nor ORC: it has only N bytes"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lake{objects: map[string][]byte{}, modified: now.Add(-90 * time.Minute)}
			for key, body := range tt.files {
				l.objects["flights/"+key] = body
			}
			tt.check.Dataset = dataset
			got, err := run(t, l, tt.check)
			if err != nil {
				t.Fatal(err)
			}
			lines := report(got)
			lines[0] = size.ReplaceAllString(lines[0], "N bytes")
			if diff := cmp.Diff(tt.want, lines); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// orc is a file of Spark with three rows, of which the columns id and number are used.
func orc(t *testing.T) []byte {
	t.Helper()
	body, err := os.ReadFile("../footer/testdata/zlib.orc")
	if err != nil {
		t.Fatal(err)
	}
	return body
}
