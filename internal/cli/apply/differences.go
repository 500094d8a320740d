package apply

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ephemr/internal/pipeline"
)

// fields are the keys of v as JSON; jobs become a table by name.
func fields(v any) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err)) // plain values only
	}
	if spec, ok := v.(pipeline.Spec); ok {
		delete(all, "jobs")
		for _, j := range spec.Jobs {
			data, _ := json.Marshal(j) //nolint:errchkjson // it was encoded above
			all["jobs."+j.Name] = data
		}
	}
	return all
}

// differences lists the keys whose values differ, sorted; those of jobs by theirs.
func differences(prefix string, old, now map[string]json.RawMessage) []string {
	keys := map[string]bool{}
	for key := range old {
		keys[key] = true
	}
	for key := range now {
		keys[key] = true
	}
	var all []string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		a, b := old[key], now[key]
		switch {
		case bytes.Equal(a, b):
		case strings.HasPrefix(key, "jobs.") && a != nil && b != nil:
			all = append(all, differences(key+".", object(a), object(b))...)
		default:
			all = append(all, prefix+key)
		}
	}
	return all
}

func object(data json.RawMessage) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	_ = json.Unmarshal(data, &all) // it was encoded by fields
	return all
}

// triggers describes the triggers of a pipeline.
func triggers(spec pipeline.Spec) []string {
	var all []string
	for _, t := range spec.Triggers {
		keys := fields(t)
		delete(keys, "schedule")
		delete(keys, "timezone")
		delete(keys, "s3")
		if t.S3 != nil {
			of := fields(*t.S3)
			delete(of, "bucket")
			delete(of, "prefix")
			delete(of, "suffix")
			delete(of, "globs")
			all = append(all, "s3 "+t.S3.String()+settings(of)+settings(keys))
			continue
		}
		if t.After != nil {
			delete(keys, "after")
			of := fields(*t.After)
			delete(of, "pipeline")
			delete(of, "same")
			all = append(all, "after "+t.After.String()+settings(of)+settings(keys))
			continue
		}
		zone := t.Timezone
		if zone == "" {
			zone = "UTC"
		}
		all = append(all, fmt.Sprintf("schedule %q %s", t.Schedule, zone)+settings(keys))
	}
	return all
}

// settings are the other keys of a trigger, " catchup=all".
func settings(keys map[string]json.RawMessage) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		fmt.Fprintf(&b, " %s=%s", key, strings.Trim(string(keys[key]), `"`))
	}
	return b.String()
}
