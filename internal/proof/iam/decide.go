package iam

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// Request is one permission that a call needs.
type Request struct {
	Action   string              // dynamodb:PutItem
	Resource string              // ARN, or * for actions that do not support resources
	Context  map[string][]string // condition keys of the call
}

// String describes a request, such as "dynamodb:PutItem on arn:…".
func (r Request) String() string {
	text := r.Action + " on " + r.Resource
	for _, key := range slices.Sorted(maps.Keys(r.Context)) {
		text += ", " + key + "=" + strings.Join(r.Context[key], "|")
	}
	return text
}

// Grant is an action and a resource of a statement that applies to a request, as
// they are written in the policy.
type Grant struct{ Action, Resource string }

// Grants are all pairs of an action and a resource that statements allow.
func (p Policy) Grants() iter.Seq[Grant] {
	return func(yield func(Grant) bool) {
		for _, s := range p.Statement {
			for _, action := range s.Action {
				for _, resource := range s.Resource {
					if s.Effect == "Allow" && !yield(Grant{action, resource}) {
						return
					}
				}
			}
		}
	}
}

// Decide reports whether the policy allows a request, and the grants that allow it.
func (p Policy) Decide(r Request) (allowed bool, by []Grant) {
	for _, s := range p.Statement {
		grants := s.matches(r)
		if len(grants) == 0 {
			continue
		}
		if s.Effect == "Deny" {
			return false, nil
		}
		by = append(by, grants...)
	}
	return len(by) > 0, by
}

func (s Statement) matches(r Request) (grants []Grant) {
	for _, action := range s.Action {
		if !like(strings.ToLower(action), strings.ToLower(r.Action)) {
			continue
		}
		for _, resource := range s.Resource {
			if arnLike(resource, r.Resource) {
				grants = append(grants, Grant{action, resource})
			}
		}
	}
	if len(grants) == 0 || !s.Condition.hold(r.Context) {
		return nil
	}
	return grants
}

// arnLike matches the six parts of an ARN each: a wildcard does not match beyond
// the part that it is in.
func arnLike(pattern, arn string) bool {
	if pattern == "*" || pattern == arn {
		return true
	}
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return false
	}
	for i := range parts {
		if !like(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

// like matches text with a pattern in which * is any text and ? any character.
func like(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	switch pattern[0] {
	case '*':
		for i := range len(text) + 1 {
			if like(pattern[1:], text[i:]) {
				return true
			}
		}
		return false
	case '?':
		return text != "" && like(pattern[1:], text[1:])
	}
	return text != "" && text[0] == pattern[0] && like(pattern[1:], text[1:])
}
