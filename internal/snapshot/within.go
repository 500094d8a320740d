package snapshot

import (
	"net/url"
	"slices"
	"strings"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
)

// hiveNull is the value of a partition column that is null.
const hiveNull = "__HIVE_DEFAULT_PARTITION__"

// within is the part of a table that an address names: a partition, a file, or all of it.
type within struct {
	file   string // key; "" = all files
	values map[string]string
}

// parse reads the part of the address after the root of the table, dt=2026-11-30/ for example.
func (w *within) parse(r reader, columns []string) error {
	w.values = map[string]string{}
	rest := strings.TrimPrefix(strings.TrimSuffix(r.at.Prefix, "/")+"/", r.root)
	for folder := range strings.SplitSeq(strings.Trim(rest, "/"), "/") {
		column, value, ok := strings.Cut(folder, "=")
		switch {
		case folder == "" || folder == "data":
			continue
		case !ok:
			w.file = r.at.Prefix
			return nil
		case !slices.Contains(columns, column):
			return fault.New(fault.InvalidInput, "%s has no partition column %q; its partition columns are %q", r.address(), column, columns)
		}
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		w.values[column] = value
	}
	return nil
}

// holds reports whether a file with these values of partition columns is part of it.
func (w *within) holds(o dataset.Object, values map[string]string) bool {
	if w.file != "" {
		return o.Key == w.file
	}
	for column, value := range w.values {
		if values[column] != value {
			return false
		}
	}
	return true
}
