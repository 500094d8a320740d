package snapshot

import (
	"context"
	"strings"

	"ephemr/internal/dataset"
)

// Kinds of tables.
const (
	delta   = "Delta"
	iceberg = "Iceberg"
	hudi    = "Hudi"
)

// kind is the kind of the table at the root, "" if there is none.
func (r reader) kind(ctx context.Context) (string, error) {
	for _, table := range []struct{ kind, folder string }{{delta, "_delta_log/"}, {iceberg, "metadata/"}, {hudi, ".hoodie/"}} {
		found := false
		err := r.list(ctx, table.folder, "", func(o dataset.Object) bool {
			name := nameOf(o.Key)
			found = table.kind == hudi || table.kind == delta && isLog(name) || table.kind == iceberg && isMetadata(name)
			return !found
		})
		if err != nil {
			return "", err
		}
		if found {
			return table.kind, nil
		}
	}
	return "", nil
}

// isLog reports whether a file is a commit or a checkpoint of Delta.
func isLog(name string) bool { return versionOf(name) >= 0 }

// isMetadata reports whether a file has the metadata of an Iceberg table.
func isMetadata(name string) bool {
	return strings.HasSuffix(name, ".metadata.json") || strings.HasSuffix(name, ".metadata.json.gz") ||
		strings.HasSuffix(name, ".gz.metadata.json")
}

func nameOf(key string) string { return key[strings.LastIndex(key, "/")+1:] }
