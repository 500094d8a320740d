package golden

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"
)

// YAML renders a template, or a part of one: keys in order, but a resource's type first.
func YAML(v any) (string, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out, yaml.UseLiteralStyleIfMultiline(true))
	if err := encoder.Encode(ordered(v)); err != nil {
		return "", fmt.Errorf("encode template: %w", err)
	}
	return out.String(), nil
}

func ordered(v any) any {
	switch v := v.(type) {
	case Template:
		return ordered(map[string]any(v))
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if _, isResource := v["Properties"]; isResource {
			keys = slices.Insert(slices.DeleteFunc(keys, func(k string) bool { return k == "Type" }), 0, "Type")
		}
		slice := make(yaml.MapSlice, len(keys))
		for i, key := range keys {
			slice[i] = yaml.MapItem{Key: key, Value: ordered(v[key])}
		}
		return slice
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = ordered(v[i])
		}
		return list
	}
	return v
}
