package cli_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/cli/check"
	"ephemr/internal/cli/exit"
	"ephemr/internal/generate"
	"ephemr/internal/job"
)

// connected stores a generated dataset in the lake's zone raw.
func connected(t *testing.T, w *world) func(context.Context) (check.Connected, error) {
	t.Helper()
	dir := t.TempDir()
	spec := generate.Spec{
		Dataset: "orders", Format: generate.Parquet, Rows: 1000, Seed: 1, From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Days: 2, FileRows: 1000, Nulls: 0.1, Workers: 1,
	}
	if _, err := generate.Run(t.Context(), spec, &generate.Folder{Path: dir}); err != nil {
		t.Fatal(err)
	}
	for _, dt := range []string{"dt=2026-01-01", "dt=2026-01-02"} {
		f, err := os.Open(filepath.Join(dir, dt, "part-00000.parquet")) //nolint:gosec // the test's file
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new(w.settings.Lake["raw"]), Key: new("orders/" + dt + "/part-00000.parquet"), Body: f}); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return func(context.Context) (check.Connected, error) {
		return check.Connected{S3: w.s3, Bucket: w.settings.BucketOf}, nil
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	connect := connected(t, w)
	if err := check.Run(t.Context(), check.Options{Dataset: "s3://raw/orders/"}, w.io, connect); err != nil {
		t.Fatal(err)
	}
	contains(t, w.out.String(), "COLUMN", "dt           partition      0      2026-01-01", "order_id     long           0      1 ", " 1000\n", "amount       decimal(10,2)  ", "≥ delivered", "≤ shipped")
	contains(t, w.err.String(), "1000 rows, ", " in 2 files, 2 row groups; read ", " of footers by 2 requests in ")
}

func TestCheck_json(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := check.Run(t.Context(), check.Options{Dataset: "s3://raw/orders/", JSON: true}, w.io, connected(t, w)); err != nil {
		t.Fatal(err)
	}
	if !json.Valid([]byte(w.out.String())) {
		t.Error("not JSON")
	}
	contains(t, w.out.String(), `"rows": 1000,`, `"source": "footers"`, `"broken": []`, `"dataset": "s3://raw/orders/"`)
}

// TestCheck_expectations evaluates flags and a file, from this machine.
func TestCheck_expectations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	connect := connected(t, w)
	file := filepath.Join(t.TempDir(), "checks.yaml")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`checks:
  - dataset: s3://raw/orders/
    range: {amount: {min: 1, max: 500}, ordered_at: {min: 2026-01-01, max: 2026-01-03}}
    relationships: {store_id: {dataset: s3://raw/orders/, column: store_id}}
    reconcile: {dataset: s3://raw/orders/, sum: amount}
`)
	good := check.Options{Dataset: "s3://raw/orders/", Expect: job.Check{Rows: "= 1000", NotNull: []string{"order_id"}, Unique: []string{"order_id"}}}
	for _, o := range []check.Options{good, {File: file}} {
		if err := check.Run(t.Context(), o, w.io, connect); err != nil {
			t.Error(err)
		}
	}
	contains(t, w.out.String(), "rows = 1000", "footer, ", "unique order_id", "0 of 1000 rows repeat another", "read, ", "sum of amount as in s3://")
	bad := check.Options{Dataset: "s3://raw/orders/", JSON: true, Expect: job.Check{NotNull: []string{"amount"}, Where: "store_id > 0"}}
	if err := check.Run(t.Context(), bad, w.io, connect); exit.CodeOf(err) != exit.CodeFailed || !strings.Contains(err.Error(), "1 of 2 checks failed") {
		t.Errorf("%v", err)
	}
	contains(t, w.out.String(), `"source": "read"`, `"samples": [`, `"row": `)
	drifting := filepath.Join(t.TempDir(), "drift.yaml")
	if err := os.WriteFile(drifting, []byte("checks: [{dataset: s3://raw/orders/, drift: {rows: 30%}}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	write("checks:\n  - {dataset: s3://raw/orders/, rows: many, unik: [a]}\n")
	for want, o := range map[string]check.Options{
		"checks.yaml:2:39: checks[0].rows: invalid comparison":  {File: file},
		"checks.yaml:2:45: checks[0].unik: unknown key":         {File: file},
		"drift compares a run with earlier ones":                {File: drifting},
		"use -f without others":                                 {File: file, Dataset: "s3://raw/orders/"},
		"where: invalid expression: unexpected token Operator(": {Dataset: "s3://raw/orders/", Expect: job.Check{Rows: "> 0", Where: "a = 1"}},
		"writtenBy needs a run":                                 {Dataset: "s3://raw/orders/", Expect: job.Check{WrittenBy: "run"}},
	} {
		if err := check.Run(t.Context(), o, w.io, connect); exit.CodeOf(err) != exit.CodeUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestCheck_errors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	connect := connected(t, w)
	put := func(key, body string) {
		if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new(w.settings.Lake["raw"]), Key: &key, Body: strings.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	put("broken/a.csv", "order_id,amount\n1,2\n")
	put("delta/_delta_log/00000000000000000000.json", "{}")
	for dataset, want := range map[string]struct {
		code int
		text string
	}{
		"raw/orders":       {exit.CodeUsage, `invalid dataset "raw/orders": use s3://BUCKET/PREFIX`},
		"s3://raw/nothing": {exit.CodeFailed, "no files in s3://raw/nothing; names that begin with _ or . do not count"},
		"s3://raw/broken/": {exit.CodeFailed, "broken/a.csv is neither Parquet nor ORC, or was cut short"},
		"s3://raw/delta":   {exit.CodeFailed, "s3://raw/delta: s3://lake-raw/delta/ is a table of Delta: its log has no protocol"},
		"s3://nope/x":      {exit.CodeFailed, "s3://nope/x: list s3://nope/x/"},
	} {
		err := check.Run(t.Context(), check.Options{Dataset: dataset}, w.io, connect)
		if err == nil || exit.CodeOf(err) != want.code {
			t.Errorf("%s: got %v", dataset, err)
			continue
		}
		contains(t, err.Error(), want.text)
	}
}
