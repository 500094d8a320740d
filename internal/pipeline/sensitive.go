package pipeline

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Hidden is shown in the place of the value of a sensitive param.
const Hidden = "***"

// Sensitive lists the params whose values are never shown, sorted.
func (s Spec) Sensitive() []string {
	var names []string
	for _, name := range sorted(s.Params) {
		if s.Params[name].Sensitive {
			names = append(names, name)
		}
	}
	return names
}

// Conceal separates the values of sensitive params from all values: shown has
// Hidden in their place.
func (s Spec) Conceal(params map[string]string) (shown, secrets map[string]string) {
	shown = maps.Clone(params)
	for _, name := range s.Sensitive() {
		if v, ok := params[name]; ok {
			if secrets == nil {
				secrets = map[string]string{}
			}
			shown[name], secrets[name] = Hidden, v
		}
	}
	return shown, secrets
}

// hide returns err with the values of sensitive params hidden, also where they
// are quoted.
func (c Context) hide(err error) error {
	if err == nil || len(c.Secrets) == 0 {
		return err
	}
	return errors.New(HideValues(err.Error(), c.Secrets))
}

// HideValues returns text with the values of sensitive params hidden, also where they are
// quoted.
func HideValues(text string, secrets map[string]string) string {
	// Longest first: a value may be a part of another.
	values := slices.SortedFunc(maps.Values(secrets), func(a, b string) int { return len(b) - len(a) })
	for _, v := range values {
		if v == "" {
			continue
		}
		quoted := strings.Trim(strconv.Quote(v), `"`)
		text = strings.ReplaceAll(strings.ReplaceAll(text, quoted, Hidden), v, Hidden)
	}
	return text
}
