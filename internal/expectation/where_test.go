package expectation_test

import (
	"slices"
	"testing"

	"ephemr/internal/expectation"
)

// Rows are selected as in SQL: a comparison with a null is neither true nor false.
func TestWhereWithNulls(t *testing.T) {
	t.Parallel()
	row := map[string]any{"one": 1, "none": nil, "text": "a", "good": true, "plane": map[string]any{"model": nil}, "a b": nil}
	for where, want := range map[string]bool{
		"one == 1":                              true,
		"none == 1":                             false,
		"none != 1":                             false,
		"not (none == 1)":                       false,
		"!(none != 1)":                          false,
		"none > 1 or one == 1":                  true,
		"one == 1 || none > 1":                  true,
		"none > 1 or one == 2":                  false,
		"not (none > 1 and one == 1)":           false,
		"not (none > 1 and one == 2)":           true,
		"none in [1, 2]":                        false,
		"none not in [1, 2]":                    false,
		"one not in [2, 3]":                     true,
		"none == nil":                           true,
		"none != nil":                           false,
		"one != nil":                            true,
		"none == nil and one == 1":              true,
		"(none ?? 5) == 5":                      true,
		"(none ?? 5) == 5 and none == 1":        false,
		"none == nil ? one == 1 : none > 1":     true,
		"lower(none) == \"a\"":                  false,
		"lower(none) == nil":                    false,
		"none == none":                          false,
		"plane.model != \"A320\"":               false,
		"plane.model == nil":                    true,
		"$env[\"a b\"] != 1 or text == \"a\"":   true,
		"good":                                  true,
		"not good or none > 1":                  false,
		"one + none > 1":                        false,
		"let x = none; x != 1":                  false,
		"text startsWith \"a\" and one in 1..3": true,
	} {
		w, err := expectation.ParseWhere(where)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		var null []bool
		for _, name := range w.Columns {
			null = append(null, slices.Contains([]string{"none", "plane.model", "a b"}, name))
		}
		if got, err := w.Selects(row, null); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", where, got, err, want)
		}
	}
}

// What cannot be compared is an error, also if another column is null.
func TestWhereOfOtherTypes(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"text > 1", "none > 1 or text > 1", "text"} {
		w, err := expectation.ParseWhere(where)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.Selects(map[string]any{"text": "a", "none": nil}, []bool{w.Columns[0] == "none", false}); err == nil {
			t.Errorf("%s: %v", where, got)
		}
	}
}
