package emrmodel

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// unknown returns the path of the first member that the model does not have, or "".
func (m model) unknown(value any, name, path string) string {
	s := m.Shapes[name]
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			member := s.Value
			if s.Type == "structure" {
				member = s.Members[key]
			}
			at := strings.TrimPrefix(path+"."+key, ".")
			if member == "" {
				return at
			}
			if found := m.unknown(v[key], member, at); found != "" {
				return found
			}
		}
	case []any:
		for _, item := range v {
			if found := m.unknown(item, s.Member, path); found != "" {
				return found
			}
		}
	}
	return ""
}

// violations returns the constraints that a value and those below it do not satisfy.
func (m model) violations(value any, name, path string) []string {
	s := m.Shapes[name]
	switch v := value.(type) {
	case map[string]any:
		return m.violationsOfObject(v, s, path)
	case []any:
		return m.violationsOfList(v, s, path)
	case nil:
		return nil
	default:
		text := fmt.Sprint(v)
		var all []string
		for _, broken := range s.broken(v) {
			all = append(all, violation("'"+text+"'", path, broken))
		}
		return all
	}
}

func (m model) violationsOfObject(v map[string]any, s shape, path string) []string {
	var all []string
	if s.Type == "map" {
		return nil // the maps of requests are of free strings
	}
	for _, key := range s.Required {
		if v[key] == nil {
			all = append(all, violation("null", below(path, key), "Member must not be null"))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(v)) {
		all = append(all, m.violations(v[key], s.Members[key], below(path, key))...)
	}
	return all
}

// violationsOfList reports scalars together, and structures one by one.
func (m model) violationsOfList(v []any, s shape, path string) []string {
	item := m.Shapes[s.Member]
	if item.Type == "structure" || item.Type == "list" {
		var all []string
		for i, value := range v {
			all = append(all, m.violations(value, s.Member, fmt.Sprintf("%s.%d.member", path, i+1))...)
		}
		return all
	}
	for _, value := range v {
		if value == nil {
			continue
		}
		if broken := item.broken(value); len(broken) > 0 {
			return []string{violation("'["+joined(v)+"]'", path, "Member must satisfy constraint: ["+strings.Join(broken, ", ")+"]")}
		}
	}
	return nil
}

func violation(value, path, constraint string) string {
	return fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", value, path, constraint)
}

// broken returns the constraints of s that a scalar does not satisfy.
func (s shape) broken(value any) []string {
	switch v := value.(type) {
	case string:
		return append(s.outside("length", float64(utf8.RuneCountInString(v))), s.brokenText(v)...)
	case json.Number:
		n, _ := v.Float64() // checkType has read it
		return s.outside("value", n)
	default:
		return nil
	}
}

func (s shape) outside(quantity string, size float64) []string {
	var all []string
	if s.Max != nil && size > *s.Max {
		all = append(all, fmt.Sprintf("Member must have %s less than or equal to %v", quantity, *s.Max))
	}
	if s.Min != nil && size < *s.Min {
		all = append(all, fmt.Sprintf("Member must have %s greater than or equal to %v", quantity, *s.Min))
	}
	return all
}

func (s shape) brokenText(text string) []string {
	var all []string
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		all = append(all, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
	if s.Pattern != "" && strings.ContainsFunc(text, notXML) {
		all = append(all, "Member must satisfy regular expression pattern: "+s.Pattern)
	}
	return all
}

// notXML says whether XML cannot contain a character.
func notXML(r rune) bool {
	return r < ' ' && r != '\r' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF
}

// below is the path of a member: EMR's texts begin names with a small letter.
func below(path, key string) string {
	key = strings.ToLower(key[:1]) + key[1:]
	if path == "" {
		return key
	}
	return path + "." + key
}

func joined(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}
