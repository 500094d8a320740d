package snapshot_test

import (
	"bytes"
	"context"
	"maps"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/tables"
	"ephemr/internal/snapshot"
)

const bucket = "lake"

// lake has the tables that Spark wrote; change may replace, add and remove objects.
func lake(t *testing.T, change func(map[string][]byte)) *awsfake.S3 {
	t.Helper()
	objects, err := tables.Objects()
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(objects)
	}
	api := awsfake.NewS3(bucket)
	for key, body := range objects {
		api.Place(bucket, key, body)
	}
	return api
}

// counted are the files of a listing, by partition: rows as the footers say.
func counted(t *testing.T, found snapshot.Files) map[string]int64 {
	t.Helper()
	rows := map[string]int64{}
	for _, o := range found.Objects {
		body := make([]byte, o.Size)
		if _, err := o.Reader(t.Context()).ReadAt(body, 0); err != nil {
			t.Fatal(err)
		}
		f, err := parquet.OpenFile(bytes.NewReader(body), o.Size)
		if err != nil {
			t.Fatal(err)
		}
		if o.Modified.IsZero() {
			t.Errorf("%s has no time", o.Key)
		}
		rows[o.Partition()["dt"]] += f.NumRows()
	}
	return rows
}

func without(all map[string][]byte, pattern string) {
	maps.DeleteFunc(all, func(key string, _ []byte) bool {
		ok, err := path.Match(pattern, key)
		return err == nil && ok
	})
}

// Only files of the current snapshot are found, wherever the log has them.
func TestCurrentSnapshot(t *testing.T) {
	t.Parallel()
	all := map[string]int64{"2026-11-29": 8, "2026-11-30": 10, "2026-12-01": 5}
	main := map[string]int64{"2026-11-29": 8, "2026-11-30": 10}
	for name, tt := range map[string]struct {
		at     string
		change func(map[string][]byte)
		kind   string
		want   map[string]int64
	}{
		"Delta, checkpoint and commit": {at: "delta/", kind: "Delta", want: all},
		"Delta, commits before the checkpoint are gone": {"delta/", func(all map[string][]byte) {
			without(all, "delta/_delta_log/0000000000000000000[0-2].json")
		}, "Delta", all},
		"Delta, commits only": {"delta/", func(all map[string][]byte) {
			without(all, "delta/_delta_log/*checkpoint*")
		}, "Delta", all},
		"Delta, hint is not valid": {"delta/", func(all map[string][]byte) {
			all["delta/_delta_log/_last_checkpoint"] = []byte("{")
		}, "Delta", all},
		"Delta, part of a checkpoint": {"delta/", func(all map[string][]byte) {
			all["delta/_delta_log/00000000000000000004.checkpoint.0000000001.0000000002.parquet"] = []byte("PAR1")
		}, "Delta", all},
		"Delta, partition":   {at: "delta/dt=2026-11-29", kind: "Delta", want: map[string]int64{"2026-11-29": 8}},
		"Iceberg":            {at: "iceberg/", kind: "Iceberg", want: main},
		"Iceberg, data":      {at: "iceberg/data/", kind: "Iceberg", want: main},
		"Iceberg, partition": {at: "iceberg/dt=2026-11-30/", kind: "Iceberg", want: map[string]int64{"2026-11-30": 10}},
		"Iceberg, Hadoop's names": {"iceberg/", func(all map[string][]byte) {
			for key, body := range maps.Clone(all) {
				if strings.HasPrefix(key, "iceberg/") && strings.HasSuffix(key, ".metadata.json") {
					delete(all, key)
					all["iceberg/metadata/v"+path.Base(key)[4:5]+".metadata.json"] = body
				}
			}
		}, "Iceberg", main},
		"folder": {at: "iceberg/metadata/none/", kind: "", want: map[string]int64{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := snapshot.Source{S3: lake(t, tt.change)}.List(t.Context(), dataset.Address{Bucket: bucket, Prefix: tt.at})
			if err != nil || found.Rows != nil {
				t.Fatal(err, found.Rows)
			}
			if diff := cmp.Diff(tt.want, counted(t, found)); diff != "" {
				t.Errorf("rows by partition (-want +got):\n%s", diff)
			}
			kind := ""
			if found.Table != nil {
				kind = found.Table.Kind
			}
			if kind != tt.kind {
				t.Errorf("kind %q, want %q", kind, tt.kind)
			}
		})
	}
}

// inCatalog is a catalog of one table.
type inCatalog map[dataset.Address]string

func (c inCatalog) Metadata(_ context.Context, root dataset.Address) (string, error) {
	return c[root], nil
}

// The catalog says which metadata file is current, whatever files commits that failed have left.
func TestMetadataOfCatalog(t *testing.T) {
	t.Parallel()
	uncommitted := func(all map[string][]byte) {
		for _, name := range []string{"00005-ab", "00006-ab", "00006-cd"} { // two of the same number
			all["iceberg/metadata/"+name+".metadata.json"] = []byte("{}")
		}
	}
	const folder = "s3://lake/iceberg/metadata/"
	for name, tt := range map[string]struct {
		metadata string
		want     int64 // rows of 2026-11-29
		refused  string
	}{
		"current":       {folder + "00005-06aabc29-95eb-483c-8ef9-3542659f294d.metadata.json", 8, ""},
		"rolled back":   {folder + "00001-0ecfe248-5f98-424b-9f30-b0f05a193773.metadata.json", 10, ""},
		"not in S3":     {"hdfs://lake/iceberg/metadata/00001-ab.metadata.json", 0, "is not in S3"},
		"not a table's": {"", 0, "only its catalog knows"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := snapshot.Source{S3: lake(t, uncommitted), Catalog: inCatalog{{Bucket: bucket, Prefix: "iceberg/"}: tt.metadata}}
			found, err := source.List(t.Context(), dataset.Address{Bucket: bucket, Prefix: "iceberg/dt=2026-11-29/"})
			if tt.refused != "" {
				if err == nil || !strings.Contains(err.Error(), tt.refused) {
					t.Errorf("%v, want %s", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]int64{"2026-11-29": tt.want}, counted(t, found)); diff != "" {
				t.Errorf("rows by partition (-want +got):\n%s", diff)
			}
		})
	}
}

// What would be counted wrongly is refused.
func TestRefused(t *testing.T) {
	t.Parallel()
	protocol := func(features string) func(map[string][]byte) {
		return func(all map[string][]byte) {
			all["delta/_delta_log/00000000000000000005.json"] = []byte(`{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":[` + features + `]}}`)
		}
	}
	for name, tt := range map[string]struct {
		at     string
		change func(map[string][]byte)
		want   string
	}{
		"deletion vectors": {at: "delta-vectors/", want: "s3://lake/delta-vectors/ is a table of Delta: 1 of its files have deletion vectors: 1 deleted rows are still in them"},
		"delete files":     {at: "iceberg-deletes/", want: "s3://lake/iceberg-deletes/ is a table of Iceberg: it has 1 delete files"},
		"unknown feature":  {"delta/", protocol(`"deletionVectors","catalogManaged"`), "reader feature catalogManaged"},
		"columns renamed": {"delta/", func(all map[string][]byte) {
			all["delta/_delta_log/00000000000000000005.json"] = []byte(`{"metaData":{"configuration":{"delta.columnMapping.mode":"name"}}}`)
		}, "columns have other names"},
		"commit is missing": {"delta/", func(all map[string][]byte) { all["delta/_delta_log/00000000000000000006.json"] = []byte("{}") }, "commit 5 is missing"},
		"commit is cut":     {"delta/", func(all map[string][]byte) { all["delta/_delta_log/00000000000000000005.json"] = []byte(`{"add":{"pa`) }, "00000000000000000005.json of its log is not valid"},
		"checkpoint is cut": {"delta/", func(all map[string][]byte) {
			key := "delta/_delta_log/00000000000000000003.checkpoint.parquet"
			all[key] = all[key][:1000]
		}, "checkpoint 00000000000000000003.checkpoint.parquet is not valid"},
		"partition of none": {at: "delta/day=2026-11-29/", want: `has no partition column "day"; its partition columns are ["dt"]`},
		"manifest is cut":   {"iceberg/", func(all map[string][]byte) { cut(all, "iceberg/metadata/*-m0.avro") }, "m0.avro is not valid"},
		"two current":       {"iceberg/", func(all map[string][]byte) { all["iceberg/metadata/00005-a.metadata.json"] = []byte("{}") }, "only its catalog knows"},
		"metadata is cut":   {"iceberg/", func(all map[string][]byte) { all["iceberg/metadata/00006-a.metadata.json"] = []byte("{") }, "00006-a.metadata.json is not valid"},
		"newer format": {"iceberg/", func(all map[string][]byte) {
			all["iceberg/metadata/00006-a.metadata.json"] = []byte(`{"format-version":4}`)
		}, "format version 4"},
		"renamed in Iceberg": {"iceberg/", func(all map[string][]byte) {
			replace(all, "iceberg/metadata/00005-*", `"schemas":[`, `"schemas":[{"fields":[{"id":2,"name":"late","type":"double"}]},`)
		}, "column late was renamed to delay"},
		"Hudi": {"hudi/", func(all map[string][]byte) { all["hudi/.hoodie/hoodie.properties"] = nil; all["hudi/a.parquet"] = nil }, "s3://lake/hudi/ is a table of Hudi"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := snapshot.Source{S3: lake(t, tt.change)}.List(t.Context(), dataset.Address{Bucket: bucket, Prefix: tt.at})
			if err == nil {
				err = found.Rows
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || fault.NameOf(err) != fault.InvalidInput {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
}

func cut(all map[string][]byte, pattern string) {
	for key, body := range all {
		if ok, _ := path.Match(pattern, key); ok {
			all[key] = body[:len(body)/2]
		}
	}
}

func replace(all map[string][]byte, pattern, from, to string) {
	for key, body := range all {
		if ok, _ := path.Match(pattern, key); ok {
			all[key] = bytes.Replace(body, []byte(from), []byte(to), 1)
		}
	}
}
