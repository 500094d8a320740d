package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Format is a format of tables that the clusters of a profile write and read with Spark.
type Format string

// The formats. The key tables of a profile lists them.
const (
	Delta   Format = "delta"
	Iceberg Format = "iceberg"
)

// IcebergCatalog is the name of the catalog of Iceberg tables in Spark: the Glue Data Catalog. AWS's guides call it so.
const IcebergCatalog = "glue_catalog"

const (
	sparkDefaults = "spark-defaults"
	extensions    = "spark.sql.extensions" // a list
)

// format is what a format needs on a cluster.
type format struct {
	major, minor int    // the first release of EMR that has it
	enabled      string // classification
	properties   map[string]string
}

// formats as in Amazon EMR's release guide, "Use a Delta Lake cluster with Spark" and "Use an Iceberg cluster with Spark".
var formats = map[Format]format{
	Delta: {6, 9, "delta", map[string]string{
		extensions:                        "io.delta.sql.DeltaSparkSessionExtension",
		"spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
	}},
	Iceberg: {6, 5, "iceberg", map[string]string{
		extensions:                            "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
		"spark.sql.catalog." + IcebergCatalog: "org.apache.iceberg.spark.SparkCatalog",
		"spark.sql.catalog." + IcebergCatalog + ".catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
		"spark.sql.catalog." + IcebergCatalog + ".io-impl":      "org.apache.iceberg.aws.s3.S3FileIO",
	}},
}

// UnmarshalText reads the name of a format.
func (f *Format) UnmarshalText(text []byte) error {
	*f = Format(text)
	if _, ok := formats[*f]; !ok {
		return fmt.Errorf("unknown table format %q; use delta or iceberg", text)
	}
	return nil
}

// validateTables reports formats that a cluster of the profile would not have.
func (p Profile) validateTables() error {
	for i, name := range p.Tables {
		f := formats[name]
		switch {
		case !ReleaseAtLeast(p.Release, f.major, f.minor, 0):
			return fmt.Errorf("tables: release %s does not have %s; use emr-%d.%d.0 or later", p.Release, name, f.major, f.minor)
		case !slices.Contains(p.Applications, "Spark"):
			return fmt.Errorf("tables: %s requires Spark in applications", name)
		case slices.Contains(p.Tables[:i], name):
			return fmt.Errorf("tables: %s is listed twice", name)
		}
	}
	return nil
}

// AllConfigurations are the profile's configurations and those of its table formats. What the profile sets itself wins;
// extensions of Spark are added to its own.
func (p Profile) AllConfigurations() []Configuration {
	if len(p.Tables) == 0 {
		return p.Configurations
	}
	all := slices.Clone(p.Configurations)
	at := slices.IndexFunc(all, func(c Configuration) bool { return c.Classification == sparkDefaults })
	if at < 0 {
		at, all = len(all), append(all, Configuration{Classification: sparkDefaults})
	}
	own := all[at].Properties
	merged := map[string]string{}
	var names []string
	for _, name := range p.Tables {
		f := formats[name]
		maps.Copy(merged, f.properties)
		names = append(names, f.properties[extensions])
		if !slices.ContainsFunc(all, func(c Configuration) bool { return c.Classification == f.enabled+"-defaults" }) {
			all = append(all, Configuration{Classification: f.enabled + "-defaults", Properties: map[string]string{f.enabled + ".enabled": "true"}})
		}
	}
	maps.Copy(merged, own)
	for name := range strings.SplitSeq(own[extensions], ",") {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	merged[extensions] = strings.Join(names, ",")
	all[at].Properties = merged
	return all
}
