package apply

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ephemr/internal/pipeline"
	"ephemr/internal/register"
)

// Pipelines finds registered pipelines.
type Pipelines interface {
	Current(ctx context.Context, name string) (*register.Version, error)
}

// What apply would do with a pipeline.
const (
	Create    = "create"
	Update    = "update"
	Unchanged = "unchanged"
)

// Plan is what apply would change.
type Plan struct {
	Action   string   `json:"action"`   // create, update or unchanged
	Version  int      `json:"version"`  // that would be the current one
	Changes  []string `json:"changes"`  // keys of the file that differ from the current version, as jobs.clean.args
	Triggers []string `json:"triggers"` // that would be added (+) or removed (-)
}

// compare plans the registration of spec, without writing anything.
func compare(ctx context.Context, known Pipelines, spec pipeline.Spec) (*Plan, error) {
	before, err := known.Current(ctx, spec.Name)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encode pipeline %s: %w", spec.Name, err)
	}
	p := &Plan{Action: Create, Version: 1, Changes: []string{}, Triggers: []string{}}
	var old pipeline.Spec
	if before != nil {
		old, p.Action, p.Version = before.Spec, Unchanged, before.Number
		if before.Digest != register.Digest(data) {
			p.Action, p.Version = Update, before.Number+1
			p.Changes = append(p.Changes, differences("", fields(old), fields(spec))...)
		}
	}
	was, will := triggers(old), triggers(spec)
	for _, t := range will {
		if !slices.Contains(was, t) {
			p.Triggers = append(p.Triggers, "+ "+t)
		}
	}
	for _, t := range was {
		if !slices.Contains(will, t) {
			p.Triggers = append(p.Triggers, "- "+t)
		}
	}
	return p, nil
}

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
		if t.S3 != nil {
			all = append(all, "s3 "+t.S3.String())
			continue
		}
		zone := t.Timezone
		if zone == "" {
			zone = "UTC"
		}
		all = append(all, fmt.Sprintf("schedule %q %s", t.Schedule, zone))
	}
	return all
}
