package quality

import (
	"strings"
)

// selects evaluates where for some rows. As in SQL, a row is not selected if a comparison
// with a null decides.
func (s *scanner) selects(vectors []*vector, n int) ([]bool, error) {
	selected := make([]bool, n)
	row := map[string]any{}
	for i := range n {
		null := false
		for _, c := range s.filter {
			v := vectors[c].value(i)
			null = null || v == nil
			assign(row, s.names[c], v)
		}
		yes, err := s.where.Selects(row)
		if err != nil && !null {
			return nil, invalid("where %s: %w; values are compared by type: compare texts with texts, decimals and floats with numbers, "+
				`times with date("2026-11-30"), and declare the types of CSV and JSON Lines under columns`, s.where.Text, err)
		}
		selected[i] = yes && err == nil
	}
	return selected, nil
}

// assign sets a variable; a name with dots is a value of a table.
func assign(row map[string]any, name string, v any) {
	row[name] = v
	first, rest, nested := strings.Cut(name, ".")
	if !nested {
		return
	}
	inner, ok := row[first].(map[string]any)
	if !ok {
		inner = map[string]any{}
		row[first] = inner
	}
	assign(inner, rest, v)
}
