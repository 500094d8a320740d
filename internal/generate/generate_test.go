package generate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/generate"
)

// spec is a small dataset with every kind of fault.
func spec(dataset, format string) generate.Spec {
	return generate.Spec{
		Dataset: dataset, Format: format, Rows: 30_000, Seed: 7, From: time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC), Days: 3, FileRows: 4_000,
		Nulls: 0.01, Duplicates: 0.005, Late: 0.02, Skew: 1.2, Workers: 2,
	}
}

func write(t *testing.T, s generate.Spec, dir string) generate.Report {
	t.Helper()
	r, err := generate.Run(t.Context(), s, &generate.Folder{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sums returns the digests of all files below a directory.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // the test's file
		sum := sha256.Sum256(body)
		all[name] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The same seed writes the same bytes, with any number of workers.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	for _, dataset := range generate.Datasets() {
		for _, format := range generate.Formats() {
			t.Run(dataset+" "+format, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				var want map[string]string
				for name, workers := range map[string]int{"one": 1, "two": 2, "five": 5} {
					s := spec(dataset, format)
					s.Workers, s.Rows, s.FileRows = workers, 6_000, 900
					write(t, s, filepath.Join(dir, name))
					got := sums(t, filepath.Join(dir, name))
					if want == nil {
						want = got
					}
					if d := cmp.Diff(want, got); d != "" {
						t.Errorf("%s workers: %s", name, d)
					}
				}
				s := spec(dataset, format)
				s.Seed, s.Rows, s.FileRows = s.Seed+1, 6_000, 900
				write(t, s, filepath.Join(dir, "other"))
				for name, sum := range sums(t, filepath.Join(dir, "other")) {
					if name != generate.Success && sum == want[name] {
						t.Errorf("%s is the same with another seed", name)
					}
				}
			})
		}
	}
}

// Files are named by partition, and as equal and few as the limit of rows permits.
func TestPartitions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := write(t, spec("orders", generate.CSV), dir)
	want := []string{generate.Success}
	for _, dt := range []string{"2026-02-27", "2026-02-28", "2026-03-01"} {
		for _, file := range []string{"0", "1", "2"} {
			want = append(want, path.Join("dt="+dt, "part-0000"+file+".csv"))
		}
	}
	if d := cmp.Diff(want, slices.Sorted(maps.Keys(sums(t, dir)))); d != "" {
		t.Error(d)
	}
	bytes := int64(0)
	for _, name := range want[1:] {
		body, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // the test's file
		if lines := strings.Count(string(body), "\n"); err != nil || lines != 1+10_000/3 && lines != 2+10_000/3 {
			t.Errorf("%s has %d lines, %v", name, lines, err)
		}
		bytes += int64(len(body))
	}
	if r.Files != len(want)-1 || r.Rows != 30_000 || r.Bytes != bytes {
		t.Errorf("report %+v", r)
	}
}

// The shares are as wanted, and the report has the exact numbers.
func TestShares(t *testing.T) {
	t.Parallel()
	for _, dataset := range generate.Datasets() {
		t.Run(dataset, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := spec(dataset, generate.Parquet)
			s.Rows = 15_000
			r := write(t, s, dir)
			found := read(t, dir)
			if d := cmp.Diff(r.Counts, found.Counts); d != "" {
				t.Errorf("planted and found: %s", d)
			}
			near(t, "duplicates", r.Duplicates, s.Rows, s.Duplicates)
			near(t, "late", r.Late, s.Rows, s.Late)
			for name, n := range r.Nulls {
				near(t, "nulls of "+name, n, s.Rows, s.Nulls)
			}
			if found.rows != s.Rows || len(r.Nulls) < 2 {
				t.Errorf("%d rows, nulls in %d columns", found.rows, len(r.Nulls))
			}
		})
	}
}

// near checks a share within five standard deviations.
func near(t *testing.T, what string, n, of int64, share float64) {
	t.Helper()
	want := share * float64(of)
	if math.Abs(float64(n)-want) > 5*math.Sqrt(want) {
		t.Errorf("%s: %d of %d, want about %.0f", what, n, of, want)
	}
}

// A dataset without faults has none.
func TestNoFaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := spec("events", generate.Parquet)
	s.Rows, s.Nulls, s.Duplicates, s.Late, s.Skew = 9_000, 0, 0, 0, 0
	want := generate.Counts{Nulls: map[string]int64{}}
	r := write(t, s, dir)
	if d := cmp.Diff(want, r.Counts); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, read(t, dir).Counts); d != "" {
		t.Error(d)
	}
}

// With skew the n-th value is as frequent as 1/n^s; without, all are equally frequent.
func TestSkew(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ skew, first, second float64 }{
		"none": {0, 1. / 6, 1. / 6},
		"1.2":  {1.2, 0.4643, 0.2021},
		"3":    {3, 0.8401, 0.1050},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := spec("events", generate.CSV)
			s.Skew, s.Nulls, s.Duplicates = tt.skew, 0, 0
			write(t, s, dir)
			count := map[string]int64{}
			for _, row := range lines(t, dir) {
				count[row[3]]++
			}
			near(t, "view", count["view"], s.Rows, tt.first)
			near(t, "search", count["search"], s.Rows, tt.second)
		})
	}
}
