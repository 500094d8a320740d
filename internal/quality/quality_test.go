package quality_test

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"ephemr/internal/job"
	"ephemr/internal/quality"
)

const dataset = "s3://lake/flights/"

// report gives findings as "ok|FAILED expect: found".
func report(r quality.Report) (lines []string) {
	for _, f := range r.Findings {
		verdict := "ok"
		if !f.OK {
			verdict = "FAILED"
		}
		lines = append(lines, verdict+" "+f.Expect+": "+f.Found)
	}
	return lines
}

func TestChecks(t *testing.T) {
	t.Parallel()
	noCarrier := func(i int, f *flight) {
		if i < 3 {
			f.Carrier = nil
		}
	}
	sameID := func(i int, f *flight) { f.ID = int64(i / 2) }
	noID := func(_ int, f *flight) { f.ID, f.Delay = 1, nil }
	type renamed struct {
		ID string `parquet:"id"`
	}
	tests := map[string]struct {
		files map[string][]byte
		check job.Check
		want  []string // after the first, which is about the files
	}{
		"rows": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 10, nil)), "b.parquet": file(t, flights(10, 5, nil))},
			check: job.Check{Rows: ">= 15"},
			want:  []string{"ok rows >= 15: 15 rows in 2 files"},
		},
		"too few rows": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 10, nil))},
			check: job.Check{Rows: ">10"},
			want:  []string{"FAILED rows > 10: 10 rows in 1 files"},
		},
		"a file without rows": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 0, nil))},
			check: job.Check{Rows: "!= 0", NotNull: []string{"carrier"}, Unique: []string{"id"}},
			want: []string{
				"FAILED rows != 0: 0 rows in 1 files", "ok column carrier has no nulls: 0 nulls in 0 rows",
				"ok unique id: 0 of 0 rows repeat another",
			},
		},
		"types": {
			files: map[string][]byte{"dt=2026-01-01/a.parquet": file(t, flights(0, 1, nil))},
			check: job.Check{Columns: map[string]string{
				"id": "bigint", "carrier": "string", "number": "int", "delay": "double", "air": "float", "late": "boolean", "day": "date",
				"at": "timestamp", "fare": "decimal(9, 2)", "raw": "binary", "key": "uuid", "stops": "list", "more": "map", "plane": "struct",
				"plane.model": "varchar", "dt": "string",
			}},
			want: []string{
				"ok column air is float: float", "ok column at is timestamp: timestamp", "ok column carrier is string: string",
				"ok column day is date: date", "ok column delay is double: double", "ok column dt is string: string",
				"ok column fare is decimal(9, 2): decimal(9,2)", "ok column id is bigint: long", "ok column key is uuid: uuid",
				"ok column late is boolean: boolean", "ok column more is map: map", "ok column number is int: int",
				"ok column plane is struct: struct", "ok column plane.model is varchar: string", "ok column raw is binary: binary",
				"ok column stops is list: list",
			},
		},
		"wrong types": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 1, nil)), "b.parquet": file(t, []renamed{{"x"}})},
			check: job.Check{Columns: map[string]string{"id": "long", "fare": "decimal", "nope": "int"}},
			want: []string{
				"FAILED column fare is decimal: decimal(9,2) in 1 files, no such column in 1 files",
				"FAILED column id is long: long in 1 files, string in 1 files", "FAILED column nope is int: no such column; columns: id, carrier, number, delay, air, late, day, at, fare, raw, key, stops, more, plane",
			},
		},
		"decimal of another scale": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 1, nil))},
			check: job.Check{Columns: map[string]string{"fare": "decimal(9,3)"}},
			want:  []string{"FAILED column fare is decimal(9,3): decimal(9,2)"},
		},
		"not null": {
			files: map[string][]byte{"dt=1/a.parquet": file(t, flights(0, 10, nil)), "dt=2/a.parquet": file(t, flights(0, 10, nil))},
			check: job.Check{NotNull: []string{"carrier", "id", "dt"}},
			want: []string{
				"ok column carrier has no nulls: 0 nulls in 20 rows", "ok column id has no nulls: 0 nulls in 20 rows",
				"ok column dt has no nulls: 0 nulls in 20 rows",
			},
		},
		"nulls": {
			files: map[string][]byte{
				"dt=__HIVE_DEFAULT_PARTITION__/a.parquet": file(t, flights(0, 10, noCarrier)), "dt=2/a.parquet": file(t, flights(0, 10, noID)),
			},
			check: job.Check{NotNull: []string{"carrier", "delay", "dt", "plane.model", "stops.list.element", "nope"}},
			want: []string{
				"FAILED column carrier has no nulls: 3 nulls in 20 rows", "FAILED column delay has no nulls: 10 nulls in 20 rows",
				"FAILED column dt has no nulls: 10 nulls in 20 rows", "FAILED column plane.model has no nulls: 20 nulls in 20 rows",
				"FAILED column stops.list.element has no nulls: stops.list.element has many values a row in flights/dt=2/a.parquet",
				"FAILED column nope has no nulls: no such column in flights/dt=2/a.parquet; columns: id, carrier, number, delay, air, late, day, at, fare, raw, key, stops, more, plane",
			},
		},
		"unique": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 3000, nil)), "b.parquet": file(t, flights(3000, 3000, nil))},
			check: job.Check{Unique: []string{"id"}},
			want:  []string{"ok unique id: 0 of 6000 rows repeat another"},
		},
		"not unique in a file": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 1000, sameID), parquet.MaxRowsPerRowGroup(101))},
			check: job.Check{Unique: []string{"id"}},
			want:  []string{"FAILED unique id: 500 of 1000 rows repeat another"},
		},
		"not unique across files": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 10, nil)), "b.parquet": file(t, flights(9, 10, nil))},
			check: job.Check{Unique: []string{"id"}},
			want:  []string{"FAILED unique id: 1 of 20 rows repeat another"},
		},
		"unique together": {
			files: map[string][]byte{"dt=1/a.parquet": file(t, flights(0, 10, nil)), "dt=2/a.parquet": file(t, flights(0, 10, nil))},
			check: job.Check{Unique: []string{"dt", "id", "carrier"}},
			want:  []string{"ok unique dt, id, carrier: 0 of 20 rows repeat another"},
		},
		"values do not run together": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 2, func(i int, f *flight) {
				carrier := "abc"[:1+i]
				f.Carrier, f.Raw = &carrier, []byte("abc"[1+i:])
			}))},
			check: job.Check{Unique: []string{"carrier", "raw"}},
			want:  []string{"ok unique carrier, raw: 0 of 2 rows repeat another"},
		},
		"a null is like no other": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 10, noID))},
			check: job.Check{Unique: []string{"id", "delay"}},
			want:  []string{"ok unique id, delay: 0 of 0 rows repeat another"},
		},
		"unique without the column": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 10, nil))},
			check: job.Check{Unique: []string{"nope"}},
			want:  []string{"FAILED unique nope: no such column in flights/a.parquet; columns: id, carrier, number, delay, air, late, day, at, fare, raw, key, stops, more, plane"},
		},
		"fresh": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 1, nil))},
			check: job.Check{Freshness: "2h"},
			want:  []string{"ok newest file at most 2h old: newest file is 1h30m0s old"},
		},
		"stale": {
			files: map[string][]byte{"a.parquet": file(t, flights(0, 1, nil))},
			check: job.Check{Freshness: "1h"},
			want:  []string{"FAILED newest file at most 1h old: newest file is 1h30m0s old"},
		},
		"hidden files": {
			files: map[string][]byte{
				"_SUCCESS": nil, ".a.crc": []byte("crc"), "_temporary/0/a.parquet": []byte("half"), "dt=1_$folder$": nil, "dt=1/": nil,
				"_dt=1/a.parquet": file(t, flights(0, 7, nil)),
			},
			check: job.Check{Rows: "= 7"},
			want:  []string{"ok rows = 7: 7 rows in 1 files"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lake{objects: map[string][]byte{"flights2/a": []byte("other")}, modified: now.Add(-90 * time.Minute)}
			for key, body := range tt.files {
				l.objects["flights/"+key] = body
			}
			tt.check.Dataset = dataset
			got, err := run(t, l, tt.check)
			if err != nil {
				t.Fatal(err)
			}
			lines := report(got)
			if !strings.HasPrefix(lines[0], "ok readable Parquet files: ") && !strings.HasPrefix(lines[0], "ok has files: ") {
				t.Error(lines[0])
			}
			if diff := cmp.Diff(tt.want, lines[1:]); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEmptyOrBroken(t *testing.T) {
	t.Parallel()
	whole := file(t, flights(0, 10, nil))
	twisted := slices.Clone(whole)
	for i := len(twisted) - 200; i < len(twisted)-8; i++ {
		twisted[i] ^= 0x5a
	}
	tests := map[string]struct {
		body []byte
		want string
	}{
		"no files":  {nil, "no files"},
		"tiny":      {[]byte("x"), "flights/a is neither Parquet nor ORC: it has only 1 bytes"},
		"text":      {[]byte(strings.Repeat("a line of text\n", 100)), "flights/a is neither Parquet nor ORC, or was cut short"},
		"truncated": {whole[:len(whole)-20], "flights/a is Parquet that was cut short: its last bytes are missing"},
		"twisted":   {twisted, "flights/a is not valid Parquet: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lake{objects: map[string][]byte{"flights/_SUCCESS": nil}}
			if tt.body != nil {
				l.objects["flights/a"] = tt.body
			}
			got, err := run(t, l, job.Check{Dataset: dataset, Rows: ">= 0"})
			if err != nil || len(got.Findings) != 1 || got.Failed() != 1 || !strings.Contains(got.Findings[0].Found, tt.want) {
				t.Errorf("%v, %v", report(got), err)
			}
		})
	}
}

// Null counts that were not written are not believed: the column is read.
func TestNullsWithoutStatistics(t *testing.T) {
	t.Parallel()
	body := withoutStatistics(t, file(t, flights(0, 5000, func(i int, f *flight) {
		if i%1000 == 7 {
			f.Carrier = nil
		}
	})))
	l := &lake{objects: map[string][]byte{"flights/a": body}}
	got, err := run(t, l, job.Check{Dataset: dataset, NotNull: []string{"carrier", "delay"}})
	if err != nil || got.Findings[1].Found != "5 nulls in 5000 rows" || !got.Findings[2].OK {
		t.Errorf("%v, %v", report(got), err)
	}
}

// withoutStatistics writes the footer of a file anew.
func withoutStatistics(t *testing.T, body []byte) []byte {
	t.Helper()
	end := len(body) - 8
	start := end - int(binary.LittleEndian.Uint32(body[end:]))
	var meta format.FileMetaData
	var protocol thrift.CompactProtocol
	if err := thrift.Unmarshal(&protocol, body[start:end], &meta); err != nil {
		t.Fatal(err)
	}
	for _, g := range meta.RowGroups {
		for i := range g.Columns {
			g.Columns[i].MetaData.Statistics = format.Statistics{}
		}
	}
	footer, err := thrift.Marshal(&protocol, &meta)
	if err != nil {
		t.Fatal(err)
	}
	body = append(body[:start:start], footer...)
	return append(binary.LittleEndian.AppendUint32(body, uint32(len(footer))), "PAR1"...) //nolint:gosec // a small footer
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	l := &lake{objects: map[string][]byte{"a/f": file(t, flights(0, 3, nil)), "b/f": file(t, flights(0, 4, nil))}}
	a, b := job.Check{Dataset: "s3://lake/a", Rows: "> 0"}, job.Check{Dataset: "s3://lake/b/f", Rows: "> 0"}
	for want, checks := range map[string][]job.Check{"rows=3": {a}, "rows.1=3 rows.2=4": {a, b}} {
		got, err := run(t, l, checks...)
		var pairs []string
		for _, k := range slices.Sorted(maps.Keys(got.Outputs)) {
			pairs = append(pairs, k+"="+got.Outputs[k])
		}
		if strings.Join(pairs, " ") != want || err != nil {
			t.Errorf("outputs %v, %v; want %s", pairs, err, want)
		}
	}
}

func TestReadsLittle(t *testing.T) {
	t.Parallel()
	body := file(t, flights(0, 200_000, func(i int, f *flight) { f.Raw = []byte(strings.Repeat("x", i%50)) }))
	l := &lake{objects: map[string][]byte{"flights/a": body}}
	check := job.Check{Dataset: dataset, Rows: "> 0", Columns: map[string]string{"id": "long"}, NotNull: []string{"id"}}
	if _, err := run(t, l, check); err != nil || l.gets != 1 || l.read > 64<<10 {
		t.Errorf("footer: %d calls, %d bytes of %d, %v", l.gets, l.read, len(body), err)
	}
	l.gets, l.read = 0, 0
	c := quality.Checker{S3: l, Now: time.Now}
	if _, err := c.Run(t.Context(), []job.Check{{Dataset: dataset, Unique: []string{"id"}}}); err != nil || l.gets > 9 || l.read > len(body)/2 {
		t.Errorf("column: %d calls, %d bytes of %d, %v", l.gets, l.read, len(body), err)
	}
}

func TestInvalidChecks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		check job.Check
		want  string
	}{
		"address":   {job.Check{Dataset: "lake/flights", Rows: "> 0"}, `dataset: invalid dataset "lake/flights" (example: s3://bucket/prefix/)`},
		"rows":      {job.Check{Dataset: dataset, Rows: "some"}, `rows: invalid comparison "some": use one of`},
		"range":     {job.Check{Dataset: dataset, Rows: "1..10"}, `rows: invalid comparison "1..10": use one of`},
		"type":      {job.Check{Dataset: dataset, Columns: map[string]string{"a": "colour"}}, `columns.a: unknown column type "colour"`},
		"freshness": {job.Check{Dataset: dataset, Freshness: "daily"}, `freshness: invalid duration "daily"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := run(t, &lake{}, tt.check)
			if _, ok := errors.AsType[*quality.InvalidError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// cannot checks that a finding says that it could not be evaluated, and why.
func cannot(t *testing.T, got quality.Report, err error, why string) {
	t.Helper()
	if err != nil || !slices.ContainsFunc(got.Findings, func(f job.Finding) bool {
		return !f.OK && strings.HasPrefix(f.Found, "could not be evaluated: ") && strings.Contains(f.Found, why)
	}) {
		t.Errorf("%v, %v, want %q", report(got), err, why)
	}
}

// What cannot be evaluated for the data that there is fails, and leaves the other findings.
func TestOthersAreEvaluated(t *testing.T) {
	t.Parallel()
	in := map[string]job.Reference{"id": {Dataset: "s3://lake/empty/", Column: "id"}}
	for name, tt := range map[string]struct {
		check job.Check
		why   string
		fail  int // findings of the check
		rows  string
	}{
		"a value in where":     {job.Check{Where: "carrier > 5", Rows: "> 0", NotNull: []string{"id"}, Files: "= 1"}, "where carrier > 5: invalid operation", 2, ""},
		"an empty reference":   {job.Check{Rows: "> 0", NotNull: []string{"id"}, Relationships: in}, "s3://lake/empty/: no files", 1, "10001"},
		"an empty other side":  {job.Check{Rows: "> 0", Reconcile: &job.Reconcile{Dataset: "s3://lake/empty/"}}, "s3://lake/empty/: no files", 1, "10001"},
		"too many values":      {job.Check{Rows: "> 0", NotNull: []string{"id"}, Unique: []string{"id"}}, "more than 10000 different values", 1, "10001"},
		"a table":              {job.Check{Dataset: "s3://lake/delta/", Rows: "> 0"}, "is a table of Delta", 1, ""},
		"a reference's format": {job.Check{Rows: "> 0", Relationships: map[string]job.Reference{"id": {Dataset: "s3://lake/orc/", Column: "id"}}}, "is ORC, of which only the footer is read", 1, "10001"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lake{objects: map[string][]byte{
				"flights/a": file(t, flights(0, 10_001, nil)), "other/a": file(t, flights(0, 5, nil)), "orc/a.orc": orc(t),
				"delta/_delta_log/00000000000000000000.json": []byte("{}"), "delta/a": file(t, flights(0, 5, nil)),
			}}
			if tt.check.Dataset == "" {
				tt.check.Dataset = dataset
			}
			other := job.Check{Dataset: "s3://lake/other/", Rows: "= 5", Unique: []string{"id"}}
			got, err := run(t, l, other, tt.check, other)
			cannot(t, got, err, tt.why)
			if err != nil || got.Failed() != tt.fail || got.Outputs["rows.1"] != "5" || got.Outputs["rows.3"] != "5" || got.Outputs["rows.2"] != tt.rows {
				t.Errorf("%v, %v, %v", report(got), got.Outputs, err)
			}
		})
	}
}

// What S3 says is an error, never a finding about the data.
func TestS3Refuses(t *testing.T) {
	t.Parallel()
	l := &lake{
		objects: map[string][]byte{"flights/a": file(t, flights(0, 10, nil))},
		get:     func(string) error { return &smithy.GenericAPIError{Code: "AccessDenied"} },
	}
	_, err := run(t, l, job.Check{Dataset: dataset, Rows: "> 0"})
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "AccessDenied" {
		t.Errorf("error %v", err)
	}
}
