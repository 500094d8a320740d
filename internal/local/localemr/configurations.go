package localemr

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// sparkDefaults is the classification of Spark's properties, and the file in a cluster's
	// directory with those that have no effect: spark-submit reports them.
	sparkDefaults = "spark-defaults"

	// sparkTables is the file with the properties of the cluster's formats of tables, which have an effect.
	sparkTables = "spark-tables"
)

// configuration is an EMR configuration classification.
type configuration struct {
	Classification string
	Properties     map[string]string
}

// writeSparkDefaults leaves files without properties out.
func (s *Server) writeSparkDefaults(ctx context.Context, id string, configurations json.RawMessage) {
	var all []configuration
	if len(configurations) == 0 || json.Unmarshal(configurations, &all) != nil {
		return
	}
	texts := map[string]string{}
	for _, c := range all {
		if c.Classification != sparkDefaults {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(c.Properties)) {
			file := sparkDefaults
			if hasTables(all) && isOfTables(key) {
				file = sparkTables
			}
			texts[file] += key + "=" + c.Properties[key] + "\n"
		}
	}
	for file, text := range texts {
		dir, err := makeDir(s.workDir(id))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600)
		}
		if err != nil {
			s.log.WarnContext(ctx, "write properties of Spark", "file", file, "cluster", id, "error", err)
		}
	}
}

// hasTables reports whether a cluster has Delta or Iceberg.
func hasTables(all []configuration) bool {
	return slices.ContainsFunc(all, func(c configuration) bool {
		name, ok := strings.CutSuffix(c.Classification, "-defaults")
		return ok && (name == "delta" || name == "iceberg") && c.Properties[name+".enabled"] == "true"
	})
}

// isOfTables reports whether a property of Spark is one of tables and their catalogs.
func isOfTables(key string) bool {
	return key == "spark.sql.extensions" || strings.HasPrefix(key, "spark.sql.catalog.")
}
