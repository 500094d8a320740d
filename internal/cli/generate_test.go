package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/generate"
	"ephemr/internal/cli/session"
)

// All errors of a command line are reported at once, with what is allowed.
func TestGenerate_usage(t *testing.T) {
	t.Parallel()
	const rows = "--rows 10 -o x "
	for line, want := range map[string][]string{
		"generate":        {"ephemr generate requires events|flights|orders|stores"},
		"generate orders": {"no target; use -o with a directory or s3://BUCKET/PREFIX", "--rows is required"},
		"generate nope --rows 10k --seed -1 --days 0 --file-rows x --workers 65 --nulls 1 --duplicates 101% --late NaN% --skew 11 --format xml --from 1.2.2026 -o s3:///x": {
			`invalid dataset "nope": use events, flights, orders or stores`,
			`invalid --output "s3:///x": use a directory or s3://BUCKET/PREFIX`,
			`invalid --rows "10k": use a whole number from 1 to 2000000000`,
			`invalid --seed "-1": use a whole number from 0 to 9223372036854775807`,
			`invalid --days "0": use a whole number from 1 to 3660`,
			`invalid --file-rows "x": use a whole number from 1 to 100000000`,
			`invalid --workers "65": use a whole number from 1 to 64`,
			`invalid --nulls "1": use a percentage from 0% to 100%, such as 0.5%`,
			`invalid --duplicates "101%"`, `invalid --late "NaN%"`, `invalid --skew "11": use a number from 0 to 10, such as 1.2`,
			`invalid --format "xml": use parquet, csv or jsonl`, `invalid --from "1.2.2026": use a date from 1971-01-01 on, such as 2026-01-31`,
		},
		"generate orders --rows 10 -o json":      {`invalid --output "json": here it is where files are written; use --json`},
		"generate orders --rows 10 -o gs://x/y":  {`invalid --output "gs://x/y": use a directory`},
		"generate orders " + rows + "--days 1.5": {`invalid --days "1.5"`},
		"generate orders " + rows + "--nope":     {"unknown flag: --nope"},
		"generate orders --rows 2_000_000_001":   {"invalid --rows", "no target"},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			code, out, stderr := main(t, nil, strings.Fields(line)...)
			if code != exit.CodeUsage || out != "" || strings.Count(stderr, "error: ") != len(want) {
				t.Errorf("exit code %d, stdout %q, stderr %q", code, out, stderr)
			}
			for _, w := range want {
				contains(t, stderr, w)
			}
		})
	}
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "orders")
	code, out, stderr := main(t, nil, "generate", "orders", "--rows", "20_000", "--duplicates", "1%", "--late", "1%", "--nulls", "1%", "-o", dir)
	if code != 0 {
		t.Fatal(stderr)
	}
	contains(t, out, "orders: 20000 rows in 7 files, ", "KiB, written to "+dir+" in ", "planted: ", " duplicate rows, ", " late rows, ", " nulls in amount, ")
	if _, err := os.Stat(filepath.Join(dir, "_SUCCESS")); err != nil {
		t.Error(err)
	}
	code, out, stderr = main(t, nil, "generate", "orders", "--rows", "10", "-o", dir)
	if code != exit.CodeUsage || out != "" {
		t.Errorf("exit code %d, stdout %q", code, out)
	}
	contains(t, stderr, dir+" is not empty (_SUCCESS); use another one, or --overwrite")
}

func TestGenerate_json(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	code, out, stderr := main(t, nil, "generate", "stores", "--rows", "10", "--days", "1", "--format", "csv", "-o", dir, "--json")
	if code != 0 {
		t.Fatal(stderr)
	}
	var got generate.Written
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Rows != 10 || got.Files != 1 || got.Dataset != "stores" || got.Format != "csv" || got.Seed != 1 || got.Target != dir || got.Nulls == nil {
		t.Errorf("got %+v", got)
	}
}

// The stage is connected to for targets in S3 only.
func TestGenerate_connects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := generate.Defaults()
	o.Dataset, o.Target = "orders", "s3://raw/x"
	if err := o.Rows.Set("10"); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused by the test")
	err := generate.Run(t.Context(), o, w.io, func(context.Context) (*session.S3, error) { return nil, refused })
	if d := cmp.Diff(refused.Error(), err.Error()); d != "" {
		t.Error(d)
	}
}
