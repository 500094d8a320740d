package iam

import (
	"fmt"
	"slices"
	"strings"
)

// comparisons are the supported operators: whether a value of the request
// satisfies a value of the policy.
var comparisons = map[string]func(policy, value string) bool{
	"StringEquals": func(policy, value string) bool { return policy == value },
	"StringLike":   like,
	"ArnEquals":    arnLike, // the same as ArnLike
	"ArnLike":      arnLike,
	"Bool":         strings.EqualFold,
	"Null":         nil, // see hold

	"StringNotEquals": func(policy, value string) bool { return policy == value }, // negated, see holds
}

// modifiers are the parts around an operator's name.
type modifiers struct {
	ifExists bool   // true when the request lacks the key
	set      string // ForAllValues, ForAnyValue or nothing
}

func parseOperator(operator string) (name string, m modifiers, err error) {
	name = operator
	if set, rest, ok := strings.Cut(operator, ":"); ok {
		m.set, name = set, rest
	}
	name, m.ifExists = strings.CutSuffix(name, "IfExists")
	if _, ok := comparisons[name]; !ok || !slices.Contains([]string{"", "ForAllValues", "ForAnyValue"}, m.set) {
		return "", m, fmt.Errorf("unsupported operator %s", operator)
	}
	return name, m, nil
}

// hold reports whether all conditions are true. Keys are not case-sensitive.
func (c Conditions) hold(context map[string][]string) bool {
	for operator, keys := range c {
		for key, want := range keys {
			var got []string
			present := false
			for name, values := range context {
				if strings.EqualFold(name, key) {
					got, present = values, true
				}
			}
			if !holds(operator, want, got, present) {
				return false
			}
		}
	}
	return true
}

func holds(operator string, want, got []string, present bool) bool {
	name, m, err := parseOperator(operator)
	if err != nil {
		return false // Parse has refused it
	}
	if name == "Null" {
		return slices.Contains(want, fmt.Sprint(!present))
	}
	if name == "StringNotEquals" { // true for a missing key, also without IfExists
		return !slices.ContainsFunc(got, func(value string) bool { return slices.Contains(want, value) })
	}
	if !present {
		// ForAllValues is true for a missing key, also without IfExists.
		return m.ifExists || m.set == "ForAllValues"
	}
	satisfied := func(value string) bool {
		return slices.ContainsFunc(want, func(policy string) bool { return comparisons[name](policy, value) })
	}
	if m.set == "ForAllValues" {
		return !slices.ContainsFunc(got, func(value string) bool { return !satisfied(value) })
	}
	return slices.ContainsFunc(got, satisfied)
}
