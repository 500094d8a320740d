package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Matrix has the values of params for which a pipeline has a run each.
type Matrix map[string][]string

// Combinations are the combinations of values that given does not exclude, in the order
// of the file; the last param by name changes first. Without a matrix it is one that is
// empty.
func (m Matrix) Combinations(given map[string]string) ([]map[string]string, error) {
	all := []map[string]string{nil}
	for _, name := range sorted(m) {
		values := m[name]
		if v, ok := given[name]; ok {
			if !slices.Contains(values, v) {
				return nil, fmt.Errorf("param %s: %q is not a value of the matrix; use one of %q, or leave it out for a run of each", name, v, values)
			}
			values = []string{v}
		}
		var next []map[string]string
		for _, c := range all {
			for _, v := range values {
				x := maps.Clone(c)
				if x == nil {
					x = map[string]string{}
				}
				x[name] = v
				next = append(next, x)
			}
		}
		all = next
	}
	return all, nil
}

// Values is a combination of a matrix as text, like "country=pt region=north".
func Values(combination map[string]string) string {
	var words []string
	for _, name := range sorted(combination) {
		words = append(words, name+"="+combination[name])
	}
	return strings.Join(words, " ")
}
