package quality_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/proof/tables"
)

// tableLake has tables that Spark wrote; each folder has files of rows that were removed.
func tableLake(t *testing.T) *lake {
	t.Helper()
	objects, err := tables.Objects()
	if err != nil {
		t.Fatal(err)
	}
	return &lake{objects: objects, modified: now}
}

// Footers and values are read of the files of the current snapshot, and of no others.
func TestTables(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		check job.Check
		want  string // rows
	}{
		"Delta":              {job.Check{Dataset: "s3://lake/delta/", Rows: "= 23", Unique: []string{"id"}, Accepted: map[string][]string{"dt": {"2026-11-29", "2026-11-30", "2026-12-01"}}}, "23"},
		"Delta, partition":   {job.Check{Dataset: "s3://lake/delta/", Partition: "dt=2026-11-29", Rows: "= 8", Files: "= 1"}, "8"},
		"Delta, where":       {job.Check{Dataset: "s3://lake/delta/", Where: `dt == "2026-11-29" and id in [3, 4]`, Rows: "= 0"}, "0"},
		"Iceberg":            {job.Check{Dataset: "s3://lake/iceberg/", Rows: "= 18", Unique: []string{"id"}, NotNull: []string{"dt"}, Columns: map[string]string{"id": "int", "dt": "string"}}, "18"},
		"Iceberg, partition": {job.Check{Dataset: "s3://lake/iceberg/", Partition: "dt=2026-11-29", Rows: "= 8", Files: "= 1"}, "8"},
		"both":               {job.Check{Dataset: "s3://lake/iceberg/", Relationships: map[string]job.Reference{"id": {Dataset: "s3://lake/delta/", Column: "id"}}}, "18"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := run(t, tableLake(t), tt.check)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{"rows": tt.want}, got.Outputs); diff != "" || got.Failed() != 0 {
				t.Errorf("outputs (-want +got):\n%s\n%s", diff, strings.Join(report(got), "\n"))
			}
		})
	}
}

// Deleted rows that are still in the files would be counted. The files themselves can be checked.
func TestTablesAreRefused(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"s3://lake/delta-vectors/":               "s3://lake/delta-vectors/ is a table of Delta: 1 of its files have deletion vectors",
		"s3://lake/delta-vectors/dt=2026-11-29/": "s3://lake/delta-vectors/ is a table of Delta: 1 of its files have deletion vectors",
		"s3://lake/iceberg-deletes/":             "s3://lake/iceberg-deletes/ is a table of Iceberg: it has 1 delete files",
		"s3://lake/hudi/":                        "s3://lake/hudi/ is a table of Hudi",
	} {
		l := tableLake(t)
		maps.Copy(l.objects, map[string][]byte{"hudi/.hoodie/hoodie.properties": {}, "hudi/a.parquet": file(t, flights(0, 1, nil))})
		got, err := run(t, l, job.Check{Dataset: address, Rows: "> 0"})
		cannot(t, got, err, want)
		if got, err := run(t, l, job.Check{Dataset: address, Freshness: "10000d"}); err != nil || got.Failed() != 0 {
			t.Errorf("%s: freshness: %v, %v", address, got, err)
		}
		if got, err := run(t, l, job.Check{Dataset: address, Files: "= 1"}); err != nil || (got.Failed() != 0) != strings.Contains(want, "Hudi") {
			t.Errorf("%s: files: %v, %v", address, got, err)
		}
	}
}
