package stacks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// list is a value of a template that may be one or many.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// at returns the value at a path of keys.
func at(v any, keys ...string) any {
	for _, key := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// text renders a value with its references as ${…}, as Fn::Sub would.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if ref, ok := v["Ref"]; ok {
			return fmt.Sprintf("${%v}", ref)
		}
		if parts := list(v["Fn::GetAtt"]); parts != nil {
			return fmt.Sprintf("${%v.%v}", parts[0], parts[1])
		}
		if sub, ok := v["Fn::Sub"].(string); ok {
			return sub
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			var parts []string
			for _, part := range list(join[1]) {
				parts = append(parts, text(part))
			}
			return strings.Join(parts, text(join[0]))
		}
	}
	return fmt.Sprint(v)
}

// texts renders a value that may be one or many.
func texts(v any) []string {
	var out []string
	for _, item := range list(v) {
		out = append(out, text(item))
	}
	return out
}

// name is a resource's name, by the property of its type.
func (r resource) name() string {
	for _, key := range []string{"FunctionName", "QueueName", "TableName", "BucketName", "RoleName", "Name", "AlarmName", "TopicName", "LogGroupName"} {
		if v, ok := r.Properties[key]; ok {
			return text(v)
		}
	}
	return ""
}

// id is the logical id of a reference.
func id(reference any) string {
	return strings.Split(strings.Trim(text(reference), "${}"), ".")[0]
}

var reference = regexp.MustCompile(`"Ref": ?"(\w+)"|"Fn::GetAtt": ?\[ ?"(\w+)"`)

// CloudFormation rejects circular dependencies, but only after the upload.
func TestNoCycles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stage) {
		for _, template := range s.templates {
			waits := map[string][]string{}
			for id, r := range template.Resources {
				data, err := json.Marshal(r.Properties)
				if err != nil {
					t.Fatal(err)
				}
				waits[id] = slices.Clone(r.DependsOn)
				for _, m := range reference.FindAllStringSubmatch(string(data), -1) {
					waits[id] = append(waits[id], m[1]+m[2])
				}
			}
			state := map[string]int{} // 1 = being visited, 2 = done
			var visit func(id string, path []string)
			visit = func(id string, path []string) {
				if state[id] == 1 {
					t.Errorf("circular dependency: %s", strings.Join(append(path, id), " -> "))
				}
				if state[id] != 0 {
					return
				}
				state[id] = 1
				for _, next := range waits[id] {
					visit(next, append(path, id))
				}
				state[id] = 2
			}
			for _, id := range slices.Sorted(maps.Keys(waits)) {
				visit(id, nil)
			}
		}
	})
}
