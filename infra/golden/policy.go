package golden

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// statements turns the statements of a policy into a map: effect, principal, resource and condition -> actions, sorted.
// The result is the same however CDK merges statements. Sids are omitted.
func statements(list []any) any {
	all := map[string][]string{}
	for _, item := range list {
		s, isStatement := item.(map[string]any)
		if _, hasAction := s["Action"]; !isStatement || !hasAction {
			return list
		}
		resources := texts(s["Resource"])
		if len(resources) == 0 { // a trust policy
			resources = []string{""}
		}
		for _, resource := range resources {
			key := subject(s, resource)
			all[key] = append(all[key], texts(s["Action"])...)
		}
	}
	out := make(map[string]any, len(all))
	for key, actions := range all {
		slices.Sort(actions)
		values := []any{}
		for _, action := range slices.Compact(actions) {
			values = append(values, action)
		}
		out[key] = values
	}
	return out
}

// subject is everything of a statement but its actions, on a line.
func subject(s map[string]any, resource string) string {
	parts := []string{s["Effect"].(string)}
	if principal, ok := s["Principal"]; ok {
		parts = append(parts, "to "+compact(principal))
	}
	if resource != "" {
		parts = append(parts, "on "+resource)
	}
	if condition, ok := s["Condition"]; ok {
		parts = append(parts, "if "+compact(condition))
	}
	return strings.Join(parts, " ")
}

// compact is a value as JSON on a line, without the braces of objects of one key.
func compact(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, key+" "+compact(v[key]))
		}
		if len(parts) == 1 {
			return parts[0]
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // decoded JSON can be encoded
	}
	return strings.TrimSpace(out.String())
}

// texts returns the strings of a value that may be one string or a list.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, texts(item)...)
		}
		return all
	}
	return nil
}
