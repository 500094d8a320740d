package localemr

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sparkDefaults is the file in a cluster's directory with the properties of its
// classification spark-defaults. They have no effect: spark-submit reports them.
const sparkDefaults = "spark-defaults"

// writeSparkDefaults leaves the file out if there are no such properties.
func (s *Server) writeSparkDefaults(ctx context.Context, id string, configurations json.RawMessage) {
	var all []struct {
		Classification string
		Properties     map[string]string
	}
	if len(configurations) == 0 || json.Unmarshal(configurations, &all) != nil {
		return
	}
	var text strings.Builder
	for _, c := range all {
		if c.Classification == sparkDefaults {
			for _, key := range slices.Sorted(maps.Keys(c.Properties)) {
				fmt.Fprintf(&text, "%s=%s\n", key, c.Properties[key])
			}
		}
	}
	if text.Len() == 0 {
		return
	}
	dir, err := makeDir(s.workDir(id))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, sparkDefaults), []byte(text.String()), 0o600)
	}
	if err != nil {
		s.log.WarnContext(ctx, "write spark-defaults", "cluster", id, "error", err)
	}
}
