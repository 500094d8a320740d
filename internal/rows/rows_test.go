package rows_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"ephemr/internal/rows"
)

func table(t *testing.T, name, text string) *rows.Table {
	t.Helper()
	var all rows.Table
	if err := all.Add(name, []byte(text), nil); err != nil {
		t.Fatal(err)
	}
	return &all
}

// lines are the differences, a line each.
func lines(d rows.Diff) string {
	var b strings.Builder
	for _, c := range d.Columns {
		fmt.Fprintln(&b, c)
	}
	for _, x := range d.Differences {
		fmt.Fprintf(&b, "%s %s", x.Kind, x.Row)
		for _, v := range x.Values {
			fmt.Fprintf(&b, " | %s want %s got %s", v.Column, v.Want, v.Got)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String())
}

func TestCompare(t *testing.T) {
	t.Parallel()
	const csv, json = "a.csv", "a.jsonl"
	for name, tt := range map[string]struct {
		wantFile, want, gotFile, got string
		o                            rows.Options
		diff                         string
	}{
		"equal in another order": {wantFile: csv, want: "a,b\n1,x\n2,y\n", gotFile: csv, got: "b,a\ny,2\nx,1\n"},
		"ordered": {
			wantFile: csv, want: "a\n1\n2\n3\n", gotFile: csv, got: "a\n2\n1\n", o: rows.Options{Ordered: true},
			diff: "different row 1 | a want 1 got 2\ndifferent row 2 | a want 2 got 1\nmissing row 3 a=3",
		},
		"without a key": {wantFile: csv, want: "a,b\n1,x\n2,y\n", gotFile: csv, got: "a,b\n1,x\n3,z\n", diff: "missing a=2 b=y\nunexpected a=3 b=z"},
		"by key": {
			wantFile: csv, want: "a,b\n1,x\n2,y\n4,w\n", gotFile: csv, got: "a,b\n2,Y\n1,x\n3,z\n", o: rows.Options{Key: []string{"a"}},
			diff: "different a=2 | b want y got Y\nmissing a=4\nunexpected a=3",
		},
		"a row twice":            {wantFile: csv, want: "a\n1\n", gotFile: csv, got: "a\n1\n1\n", diff: "unexpected a=1"},
		"a key twice":            {wantFile: csv, want: "a,b\n1,x\n1,y\n", gotFile: csv, got: "a,b\n1,y\n1,x\n", o: rows.Options{Key: []string{"a"}}},
		"a key twice, once lost": {wantFile: csv, want: "a,b\n1,x\n1,y\n", gotFile: csv, got: "a,b\n1,y\n", o: rows.Options{Key: []string{"a"}}, diff: "missing a=1"},
		"ignored":                {wantFile: csv, want: "a,b\n1,x\n", gotFile: csv, got: "a,b,c\n1,y,z\n", o: rows.Options{Ignore: []string{"b", "c"}}},
		"some columns":           {wantFile: csv, want: "a,b\n1,x\n", gotFile: csv, got: "a,c\n1,z\n", o: rows.Options{Columns: []string{"a"}}},
		"columns": {
			wantFile: csv, want: "a,b\n1,x\n", gotFile: csv, got: "a,c\n1,x\n", o: rows.Options{Key: []string{"d"}},
			diff: "column b: missing\ncolumn c: unexpected; add it to the expected rows, or to ignore\ncolumn d: the key must be among the compared columns",
		},
		"numbers as numbers":       {wantFile: csv, want: "a,b\n01,1.50\n", gotFile: json, got: `{"a":1,"b":1.5}`},
		"texts as texts":           {wantFile: csv, want: "a\n01\n", gotFile: json, got: `{"a":"1"}`, diff: "missing a=01\nunexpected a=1"},
		"large numbers":            {wantFile: csv, want: "a\n9007199254740993\n", gotFile: json, got: `{"a":9007199254740992}`, diff: "missing a=9007199254740993\nunexpected a=9007199254740992"},
		"within the tolerance":     {wantFile: csv, want: "a,b\nx,0.3\nx,7.0\n", gotFile: json, got: `{"a":"x","b":7.01}` + "\n" + `{"a":"x","b":0.30000000000000004}`, o: rows.Options{Tolerance: 0.01001}},
		"outside of the tolerance": {wantFile: csv, want: "a,b\nx,0.3\n", gotFile: json, got: `{"a":"x","b":0.5}`, o: rows.Options{Tolerance: 0.1}, diff: "different a=x b=0.3 | b want 0.3 got 0.5"},
		"tolerance of CSV":         {wantFile: csv, want: "a\n0.3\n", gotFile: csv, got: "a\n0.31\n", o: rows.Options{Tolerance: 0.1}},
		"not a number":             {wantFile: csv, want: "a\nx\n", gotFile: json, got: `{"a":1.5}`, diff: "missing a=x\nunexpected a=1.5"},
		"empty is null in CSV":     {wantFile: csv, want: "a,b\n,1\n", gotFile: json, got: `{"a":null,"b":1}`},
		"and an empty text":        {wantFile: csv, want: "a,b\n,1\n", gotFile: json, got: `{"a":"","b":1}`},
		"null is no empty text":    {wantFile: json, want: `{"a":null}`, gotFile: json, got: `{"a":""}`, diff: "missing a=null\nunexpected a=\"\""},
		"no rows":                  {wantFile: csv, want: "a\n", gotFile: csv, got: "a\n"},
		"lists":                    {wantFile: json, want: `{"a":[1,2]}`, gotFile: json, got: `{"a":[1,3]}`, diff: "missing a=[1,2]\nunexpected a=[1,3]"},
		"zones":                    {wantFile: csv, want: "a\n2026-01-01 01:00\n", gotFile: csv, got: "a\n2026-01-01 01:00\n"},
		"a long value":             {wantFile: csv, want: "a\n" + strings.Repeat("x", 90) + "\n", gotFile: csv, got: "a\n", diff: "missing a=" + strings.Repeat("x", 80) + "…"},
		"texts with blanks":        {wantFile: csv, want: "a\nx y\n", gotFile: csv, got: "a\n", diff: `missing a="x y"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := rows.Compare(table(t, tt.wantFile, tt.want), table(t, tt.gotFile, tt.got), tt.o)
			if diff := cmp.Diff(tt.diff, lines(d)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if d.Equal() != (tt.diff == "") {
				t.Error("Equal does not agree")
			}
		})
	}
}

type flight struct {
	ID    string           `parquet:"id"`
	Count int64            `parquet:"count,optional"`
	Share float64          `parquet:"share"`
	Small float32          `parquet:"small"`
	Good  bool             `parquet:"good"`
	Day   int32            `parquet:"day,date"`
	At    int64            `parquet:"at,timestamp(microsecond)"`
	Old   deprecated.Int96 `parquet:"old"`
	Price int64            `parquet:"price,decimal(2:10)"`
	Tags  []string         `parquet:"tags,list"`
	None  *string          `parquet:"none,optional"`
}

// All types of columns are compared with what people write into a CSV file.
func TestParquet(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	var b bytes.Buffer
	nanos := uint64(3*time.Hour + 4*time.Minute)
	err := parquet.Write(&b, []flight{{
		ID: "x", Count: 1 << 60, Share: 0.1, Small: 0.1, Good: true, Day: int32(at.Unix() / 86_400), At: at.UnixMicro(), Price: -1234, Tags: []string{"a", "b"},
		Old: deprecated.Int96{uint32(nanos), uint32(nanos >> 32), uint32(2_440_588 + at.Unix()/86_400)}, //nolint:gosec // its parts
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got rows.Table
	if err := got.Add("dt=2026-01-02/part-0.snappy.parquet", b.Bytes(), map[string]string{"dt": "2026-01-02"}); err != nil {
		t.Fatal(err)
	}
	want := table(t, "a.csv", "id,count,share,small,good,day,at,old,price,tags,none,dt\n"+
		`x,1152921504606846976,1e-1,0.1,TRUE,2026-01-02,2026-01-02 03:04:05.000006,2026-01-02T04:04:00+01:00,-12.340,"[""a"",""b""]",,2026-01-02`+"\n")
	if d := lines(rows.Compare(want, &got, rows.Options{})); d != "" {
		t.Error(d)
	}
	if d := lines(rows.Compare(table(t, "a.csv", "id,count\nx,1\n"), &got, rows.Options{Key: []string{"id"}, Columns: []string{"id", "count"}})); d != "different id=x | count want 1 got 1152921504606846976" {
		t.Error(d)
	}
}

// Files of a dataset may have other columns, in another order.
func TestSeveralFiles(t *testing.T) {
	t.Parallel()
	got := table(t, "part-0.jsonl", `{"a":1}`)
	if err := got.Add("part-1.json", []byte(`{"b":"x","a":2}`), nil); err != nil {
		t.Fatal(err)
	}
	if d := lines(rows.Compare(table(t, "w.csv", "a,b\n2,x\n1,\n"), got, rows.Options{})); d != "" {
		t.Error(d)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte("a\n1\n"))
	_ = w.Close()
	for name, tt := range map[string]struct{ file, text, err string }{
		"empty CSV":         {"a.csv", "", "the first line must name the columns"},
		"fields":            {"a.csv", "a,b\n1\n", "not valid CSV"},
		"a column twice":    {"a.csv", "a,a\n", `column "a" twice`},
		"Latin-1":           {"a.csv", "a\n\xe9\n", "not UTF-8"},
		"no object":         {"a.jsonl", "{}\n[1]\n", "line 2 is not a JSON object"},
		"two objects":       {"a.jsonl", "{}{}\n", "line 1 is not a JSON object"},
		"null":              {"a.jsonl", "null\n", "line 1 is not a JSON object"},
		"no Parquet":        {"a.parquet", "PAR1", "not valid Parquet"},
		"no gzip":           {"a.csv.gz", "a\n", "not gzip"},
		"gzip":              {"a.csv.gz", zipped.String(), ""},
		"cut gzip":          {"a.csv.gz", zipped.String()[:20], "not valid gzip"},
		"ORC":               {"a.orc", "ORC", "unknown format"},
		"a name of Hive's":  {"000000_0", "x", "unknown format"},
		"too many rows":     {"a.csv", "a\n" + strings.Repeat("1\n", rows.MaxRows+1), "more than 200000 rows"},
		"too many of JSONL": {"a.json", strings.Repeat("{\"a\":1}\n", rows.MaxRows+1), "more than 200000 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all rows.Table
			err := all.Add(tt.file, []byte(tt.text), nil)
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got %v, want %q", err, tt.err)
			}
		})
	}
}
