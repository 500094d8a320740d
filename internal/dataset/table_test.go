package dataset_test

import (
	"fmt"
	"testing"

	"ephemr/internal/dataset"
	"ephemr/internal/proof/awsfake"
)

func TestFindTable(t *testing.T) {
	t.Parallel()
	var manifests []string // of a catalog in files, whose metadata comes after them
	for i := range 1500 {
		manifests = append(manifests, fmt.Sprintf("t/metadata/%08x-0000-4000-8000-000000000000-m0.avro", i))
	}
	for name, tt := range map[string]struct {
		keys         []string
		at           string
		format, root string
	}{
		"Delta":                          {[]string{"t/_delta_log/00000000000000000000.json"}, "t/", "Delta", "t/"},
		"Delta after a checkpoint":       {[]string{"t/_delta_log/00000000000000000010.checkpoint.parquet", "t/_delta_log/00000000000000000010.json"}, "t", "Delta", "t/"},
		"Iceberg of a catalog":           {[]string{"t/metadata/00000-ab.metadata.json", "t/metadata/ab-m0.avro"}, "t/", "Iceberg", "t/"},
		"Iceberg with many manifests":    {append(manifests, "t/metadata/v1.metadata.json"), "t/", "Iceberg", "t/"},
		"Hudi":                           {[]string{"t/.hoodie/hoodie.properties"}, "t/", "Hudi", "t/"},
		"a partition":                    {[]string{"t/_delta_log/00000000000000000000.json"}, "t/dt=2026-01-01/h=1/", "Delta", "t/"},
		"the files of Iceberg":           {[]string{"a/t/metadata/00000-ab.metadata.json"}, "a/t/data/dt=1/", "Iceberg", "a/t/"},
		"a table that is called data":    {[]string{"a/data/_delta_log/00000000000000000000.json"}, "a/data/", "Delta", "a/data/"},
		"the whole bucket":               {[]string{"_delta_log/00000000000000000000.json"}, "", "Delta", ""},
		"a partition of the bucket":      {[]string{"_delta_log/00000000000000000000.json"}, "dt=1/", "Delta", ""},
		"none":                           {[]string{"t/dt=1/a.parquet"}, "t/", "", ""},
		"a folder called metadata":       {[]string{"t/metadata/a.parquet"}, "t/", "", ""},
		"a table whose name begins so":   {[]string{"t2/_delta_log/00000000000000000000.json"}, "t/", "", ""},
		"a file":                         {[]string{"t/a.parquet"}, "t/a.parquet", "", ""},
		"manifests without a table file": {manifests, "t/", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := awsfake.NewS3("lake")
			for _, key := range tt.keys {
				api.Place("lake", key, []byte("{}"))
			}
			want := dataset.Table{Format: tt.format}
			if tt.format != "" {
				want.Root = dataset.Address{Bucket: "lake", Prefix: tt.root}
			}
			if got, err := dataset.FindTable(t.Context(), api, dataset.Address{Bucket: "lake", Prefix: tt.at}); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}
