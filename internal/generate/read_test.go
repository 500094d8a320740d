package generate_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"ephemr/internal/generate"
)

// contents is what a reader finds in a dataset.
type contents struct {
	generate.Counts

	rows int64
}

// read reads a dataset of Parquet files. A duplicate is equal to a row of the same key.
func read(t *testing.T, dir string) contents {
	t.Helper()
	c := contents{Counts: generate.Counts{Nulls: map[string]int64{}}}
	seen := map[string]string{}
	for _, name := range files(t, dir, "parquet") {
		date, err := time.Parse("dt="+time.DateOnly, path.Dir(name))
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(filepath.Join(dir, name)) //nolint:gosec // the test's file
		if err != nil {
			t.Fatal(err)
		}
		rows, err := parquet.Read[any](f, size(t, f))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			c.add(t, row.(map[string]any), seen, date)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *contents) add(t *testing.T, row map[string]any, seen map[string]string, date time.Time) {
	t.Helper()
	c.rows++
	key, all := keyOf(row), fmt.Sprint(row)
	if old, ok := seen[key]; ok && old != all {
		t.Errorf("different rows have the key %s: %s and %s", key, old, all)
	} else if ok {
		c.Duplicates++
	}
	seen[key] = all
	for name, v := range row {
		switch {
		case v == nil:
			c.Nulls[name]++
		case strings.HasSuffix(name, "ed_at"), name == "scheduled_hour":
			c.addTime(t, time.UnixMicro(v.(int64)).Sub(date).Hours()/24)
		}
	}
}

func keyOf(row map[string]any) string {
	for _, name := range []string{"order_id", "event_id", "id", "store_id"} {
		if v, ok := row[name]; ok {
			return fmt.Sprint(v)
		}
	}
	return ""
}

// addTime takes the days of a record after the date of its partition.
func (c *contents) addTime(t *testing.T, days float64) {
	t.Helper()
	if days < 0 && days >= -3 {
		c.Late++
	} else if days < 0 || days >= 1 {
		t.Errorf("a record is %v days after the date", days)
	}
}

func size(t *testing.T, f *os.File) int64 {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// files lists the data files of a dataset.
func files(t *testing.T, dir, suffix string) []string {
	t.Helper()
	names, err := fs.Glob(os.DirFS(dir), "dt=*/part-*."+suffix)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	return names
}

// lines reads the rows of a dataset of CSV files.
func lines(t *testing.T, dir string) (all [][]string) {
	t.Helper()
	for _, name := range files(t, dir, "csv") {
		body, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // the test's file
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows[1:]...)
	}
	return all
}

// paths checks that the metadata of every row group names the columns.
func paths(t *testing.T, body []byte, groups int) {
	t.Helper()
	p, err := parquet.OpenFile(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.Metadata().RowGroups); n != groups {
		t.Errorf("%d row groups", n)
	}
	for _, g := range p.Metadata().RowGroups {
		for i, c := range g.Columns {
			if d := cmp.Diff(p.Schema().Columns()[i], []string(c.MetaData.PathInSchema)); d != "" {
				t.Errorf("path of column %d: %s", i, d)
			}
		}
	}
}

// The schema of every dataset.
func TestSchemas(t *testing.T) {
	t.Parallel()
	for dataset, want := range map[string]string{
		"events": `message events {
	required int64 event_id (INT(64,true));
	required int64 occurred_at (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	optional int64 customer_id (INT(64,true));
	optional binary type (STRING);
	required int32 store_id (INT(32,true));
	optional double duration_ms;
}`,
		"flights": `message flights {
	required binary id (STRING);
	required int64 scheduled_hour (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	required binary carrier (STRING);
	required binary origin (STRING);
	optional binary dest (STRING);
	optional double dep_delay;
	optional double arr_delay;
	optional double distance;
}`,
		"orders": `message orders {
	required int64 order_id (INT(64,true));
	required int64 ordered_at (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	required int32 store_id (INT(32,true));
	optional int64 customer_id (INT(64,true));
	optional binary status (STRING);
	optional int64 amount (DECIMAL(10,2));
}`,
		"stores": `message stores {
	required int32 store_id (INT(32,true));
	required int64 updated_at (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS));
	optional binary name (STRING);
	required binary country (STRING);
	optional binary opens_at (STRING);
	optional binary closes_at (STRING);
}`,
	} {
		t.Run(dataset, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := spec(dataset, generate.Parquet)
			s.Rows = 10
			write(t, s, dir)
			f, err := os.Open(filepath.Join(dir, files(t, dir, "parquet")[0])) //nolint:gosec // the test's file
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close() //nolint:errcheck // only read
			p, err := parquet.OpenFile(f, size(t, f))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, p.Schema().String()); d != "" {
				t.Error(d)
			}
		})
	}
}

// The same rows are in the files of all formats.
func TestFormats(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := map[string]any{}
	for _, format := range generate.Formats() {
		s := spec("orders", format)
		s.Rows = 300
		write(t, s, filepath.Join(dir, format))
	}
	for _, name := range files(t, filepath.Join(dir, "jsonl"), "jsonl") {
		body, err := os.ReadFile(filepath.Join(dir, "jsonl", name)) //nolint:gosec // the test's file
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(body)) {
			var row struct {
				ID     json.Number `json:"order_id"`
				At     string      `json:"ordered_at"`
				Amount json.Number `json:"amount"`
				Status *string     `json:"status"`
			}
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			status := ""
			if row.Status != nil {
				status = *row.Status
			}
			all[row.ID.String()] = []string{row.At, row.Amount.String(), status}
		}
	}
	for _, row := range lines(t, filepath.Join(dir, "csv")) {
		if d := cmp.Diff(all[row[0]], any([]string{row[1], row[5], row[4]})); d != "" {
			t.Errorf("order %s: %s", row[0], d)
		}
	}
	if n := int64(len(all)); n != 300-read(t, filepath.Join(dir, "parquet")).Duplicates {
		t.Errorf("%d orders", n)
	}
}
