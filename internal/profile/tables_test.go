package profile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/profile"
)

func tabled(with string) string {
	return strings.Replace(good, `"primary"`, `"applications":["Spark"],`+with+`,"primary"`, 1)
}

// A word in the profile becomes what EMR and Spark need; the profile's own settings stay.
func TestTables(t *testing.T) {
	t.Parallel()
	catalog := map[string]string{
		"spark.sql.catalog.glue_catalog":              "org.apache.iceberg.spark.SparkCatalog",
		"spark.sql.catalog.glue_catalog.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
		"spark.sql.catalog.glue_catalog.io-impl":      "org.apache.iceberg.aws.s3.S3FileIO",
	}
	with := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for _, m := range []map[string]string{catalog, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}
	const ice = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
	enabled := profile.Configuration{Classification: "iceberg-defaults", Properties: map[string]string{"iceberg.enabled": "true"}}
	for name, tt := range map[string]struct {
		profile string
		want    []profile.Configuration
	}{
		"none":    {`"tables":[]`, nil},
		"iceberg": {`"tables":["iceberg"]`, []profile.Configuration{{Classification: "spark-defaults", Properties: with(map[string]string{"spark.sql.extensions": ice})}, enabled}},
		"both": {`"tables":["delta","iceberg"]`, []profile.Configuration{
			{Classification: "spark-defaults", Properties: with(map[string]string{
				"spark.sql.extensions":            "io.delta.sql.DeltaSparkSessionExtension," + ice,
				"spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
			})},
			{Classification: "delta-defaults", Properties: map[string]string{"delta.enabled": "true"}},
			enabled,
		}},
		"own settings": {
			`"tables":["iceberg"],"configurations":[{"classification":"spark-defaults","properties":{"spark.sql.extensions":"a.B","spark.sql.catalog.glue_catalog.io-impl":"c.D","x":"y"}}]`,
			[]profile.Configuration{{Classification: "spark-defaults", Properties: with(map[string]string{
				"spark.sql.extensions": ice + ",a.B", "spark.sql.catalog.glue_catalog.io-impl": "c.D", "x": "y",
			})}, enabled},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := profile.Parse("p", tabled(tt.profile))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, p.AllConfigurations()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if again := p.AllConfigurations(); cmp.Diff(tt.want, again) != "" {
				t.Error("the profile was changed")
			}
		})
	}
}

func TestTablesAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"unknown":     {tabled(`"tables":["hudi"]`), `unknown table format "hudi"; use delta or iceberg`},
		"old release": {strings.Replace(tabled(`"tables":["delta"]`), "7.14", "6.8", 1), "tables: release emr-6.8.0 does not have delta; use emr-6.9.0 or later"},
		"no Spark":    {strings.Replace(tabled(`"tables":["iceberg"]`), `"Spark"`, `"Hive"`, 1), "tables: iceberg requires Spark in applications"},
		"twice":       {tabled(`"tables":["iceberg","iceberg"]`), "tables: iceberg is listed twice"},
	} {
		if _, err := profile.Parse("p", tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}
