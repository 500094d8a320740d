package quality

import (
	"strings"
)

// selects evaluates where for some rows.
func (s *scanner) selects(vectors []*vector, n int) ([]bool, error) {
	selected := make([]bool, n)
	row, null := map[string]any{}, make([]bool, len(s.filter))
	for i := range n {
		for at, c := range s.filter {
			v := vectors[c].value(i)
			null[at] = v == nil
			assign(row, s.names[c], v)
		}
		var err error
		if selected[i], err = s.where.Selects(row, null); err != nil {
			return nil, invalid("where %s: %w; values are compared by type: compare texts with texts, decimals and floats with numbers, "+
				`times with date("2026-11-30"), and declare the types of CSV and JSON Lines under columns`, s.where.Text, err)
		}
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
