package run

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Subject is what the run is for: its logical time, the object that triggered
// it, and its params.
func (r Run) Subject() string {
	t := r.LogicalTime.UTC()
	words := []string{t.Format("2006-01-02T15:04Z")}
	if t.Equal(t.Truncate(24 * time.Hour)) {
		words[0] = t.Format(time.DateOnly)
	}
	if r.Trigger.Key != "" {
		words = append(words, "s3://"+r.Trigger.Bucket+"/"+r.Trigger.Key)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		words = append(words, name+"="+r.Params[name])
	}
	return strings.Join(words, " ")
}
